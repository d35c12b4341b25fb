import { array, assert, constantFrom, property, string } from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { BoundedExpression } from "./bounded-expression.ts";
import { MessageWork, REGEX_WORK } from "./message-work.ts";
import { RuleFailure } from "./rule-failure.ts";

function bounded(pattern: string, work: MessageWork = new MessageWork()): BoundedExpression {
  return new BoundedExpression(pattern, RE2JS.compile(pattern).programSize(), work);
}

function randomText(letters: string, length: number): string {
  const random = seededRandom(7);
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join("");
}

/** What it costs to begin with a text. */
const BEGIN = 30;

/** Work, and what has been charged to it in all. */
function ledger(): { readonly work: MessageWork; readonly charged: () => number } {
  let sum = 0;
  class Ledger extends MessageWork {
    override charge(units: number): void {
      sum += units;
      super.charge(units);
    }
  }
  return { work: new Ledger(), charged: () => sum };
}

/** Every text of these letters leads this expression into states where it has not been. */
const COSTLY = "a.{20}b.{20}c";

describe("BoundedExpression", () => {
  it("matches as re2js does", () => {
    const piece = constantFrom(
      ..."a b (?i) . * + ? {2} | ( ) [ab] [^a] \\b \\B ^ $ (?m) (?s) é \\pL".split(" "),
    );
    const text = string({ unit: constantFrom(..."abABé \n1".split("")), maxLength: 12 });
    assert(
      property(array(piece, { minLength: 1, maxLength: 8 }), text, (pieces, value) => {
        const pattern = pieces.join("");
        let expression: RE2JS;
        try {
          expression = RE2JS.compile(pattern);
        } catch {
          return;
        }
        expect(bounded(pattern).test(value)).toBe(expression.test(value));
      }),
      { numRuns: 3000 },
    );
  });

  it("answers about a short text, however many states it takes", () => {
    const work = new MessageWork();
    const expression = bounded(COSTLY, work);
    for (let n = 0; n < 100; n += 1) {
      work.begin({});
      const text = randomText("abc", 5000).slice(n, n + 500);
      expect(expression.test(text)).toBe(RE2JS.compile(COSTLY).test(text));
    }
  });

  it("fails on a long text that would be simulated, in little time", () => {
    const expression = bounded(COSTLY);
    const text = randomText("abäöüжшщ", 131_072);
    const begin = process.cpuUsage();
    expect(() => expression.test(text)).toThrow(RuleFailure);
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(500);
  });

  it("fails when the message has cost enough, and works again for the next", () => {
    const work = new MessageWork();
    const expression = bounded("ab+c", work);
    work.begin({});
    const text = "x".repeat(100_000);
    expect(() => {
      for (let n = 0; n < 100; n += 1) expression.test(text);
    }).toThrow("too much work for the regular expressions of all rules");
    work.begin({});
    expect(expression.test("abbc")).toBe(true);
  });

  it("counts what is simulated and what is thrown away: many expressions do not add up to a second", () => {
    const work = new MessageWork();
    const all = Array.from({ length: 200 }, (_, n) =>
      bounded(`[ab][^x]{12}[c-e][p-q]{1,${(n % 9) + 1}}z`, work),
    );
    const random = randomText("abcdepq01", 400_000);
    let slowest = 0;
    for (let n = 0; n < 12; n += 1) {
      work.begin({});
      const text = random.slice(n * 5000, n * 5000 + 5000);
      const begin = process.cpuUsage();
      expect(() => all.forEach((expression) => expression.test(text))).toThrow(RuleFailure);
      if (n > 2) slowest = Math.max(slowest, process.cpuUsage(begin).user / 1000);
    }
    // Half a second and more before; 20 ms now, on a machine of its own.
    expect(slowest).toBeLessThan(200);
  });

  it("charges no message with the states that any text makes, once they are prepared", () => {
    const { work, charged } = ledger();
    // Three thousand of them, and the first message after a reload would have cost too much.
    const expression = bounded("[A-Z]{2}[0-9]{6}", work);
    const text = "see you at 10:30, Bob";
    expression.prepare();
    expect(charged()).toBe(0);
    expression.test(text);
    expect(charged()).toBe(text.length + BEGIN);
  });

  it("charges for what it is built of, when a message is the first to need it", () => {
    const { work, charged } = ledger();
    const [small, large] = ["a[0-9]{6}", "a[0-9]{600}"].map((pattern) => {
      const before = charged();
      bounded(pattern, work).test("-");
      return charged() - before;
    });
    expect(small).toBeGreaterThan(2000);
    expect(large).toBeGreaterThan(10_000);
  });

  it("charges for a way between states that were there before, and for none twice", () => {
    const { work, charged } = ledger();
    const expression = bounded("[ab]+[cd]+x", work);
    expression.test("ac.bd.");
    const more = ["cacad", "cacad"].map((text) => {
      const before = charged();
      expression.test(text);
      return charged() - before - text.length - BEGIN;
    });
    expect(more[0]).toBeGreaterThan(30);
    expect(more[1]).toBe(0);
  });

  it("charges more for characters that take longer to look up", () => {
    const { work, charged } = ledger();
    const expression = bounded("\\pL{3}\\pN{4}x", work);
    const texts = ["a".repeat(1000), "\u0436".repeat(1000)];
    const [plain = 0, wide = 0] = texts.map((text) => {
      expression.test(text);
      const before = charged();
      expression.test(text);
      return charged() - before;
    });
    expect(plain).toBe(1000 + BEGIN);
    expect(wide).toBe(3000 + BEGIN);
  });

  it("stops in the middle of a text when the message has cost enough", () => {
    const { work, charged } = ledger();
    const expression = bounded(COSTLY, work);
    expression.test("x");
    const random = randomText("abc", 100_000);
    let spent = 0;
    for (let n = 0; n < 20; n += 1) {
      work.begin({});
      work.spend(REGEX_WORK - 20_000);
      const before = charged();
      expect(() => expression.test(random.slice(n * 5000, n * 5000 + 5000))).toThrow(RuleFailure);
      spent = Math.max(spent, charged() - before);
    }
    expect(spent).toBeLessThan(21_000);
  });

  it("charges for each state that a text makes, whatever makes room for it", () => {
    const charged: number[] = [];
    class Ledger extends MessageWork {
      override charge(characters: number): void {
        charged.push(characters);
      }
    }
    const expression = bounded(COSTLY, new Ledger());
    const size = RE2JS.compile(COSTLY).programSize();
    const random = randomText("abc", 30_000);
    for (let n = 0; n < 30; n += 1) {
      charged.length = 0;
      expression.test(random.slice(n * 1000, n * 1000 + 1000));
      const sum = charged.reduce((all, one) => all + one, 0);
      // Nearly every character makes a state, or is simulated.
      expect(sum).toBeGreaterThan(1000 * size * 0.9);
    }
  });
});

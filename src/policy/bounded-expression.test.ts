import { array, assert, constantFrom, property, string } from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { BoundedExpression } from "./bounded-expression.ts";
import { MessageWork } from "./message-work.ts";
import { RuleFailure } from "./rule-failure.ts";

function bounded(pattern: string, work: MessageWork = new MessageWork()): BoundedExpression {
  return new BoundedExpression(pattern, RE2JS.compile(pattern).programSize(), work);
}

function randomText(letters: string, length: number): string {
  const random = seededRandom(7);
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join("");
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

  it("charges no message with the states that any text makes", () => {
    const work = new MessageWork();
    // Three thousand of them, and the first message after a reload would have cost too much.
    const expression = bounded("[A-Z]{2}[0-9]{6}", work);
    const text = "see you at 10:30, Bob";
    const charged: number[] = [];
    work.charge = (characters) => charged.push(characters);
    expression.test(text);
    expect(charged.reduce((all, one) => all + one, 0)).toBe(text.length);
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

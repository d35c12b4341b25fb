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
    const expression = bounded(COSTLY);
    for (let n = 0; n < 100; n += 1) {
      const text = randomText("abc", 5000).slice(n, n + 500);
      expect(expression.test(text)).toBe(RE2JS.compile(COSTLY).test(text));
    }
  });

  it("fails on a long text that would be simulated, in little time", () => {
    const expression = bounded(COSTLY);
    const text = randomText("abäöüжшщ", 131_072);
    const start = performance.now();
    expect(() => expression.test(text)).toThrow(RuleFailure);
    expect(performance.now() - start).toBeLessThan(500);
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
});

import { array, assert, constantFrom, property, string } from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { foldForLiterals, requiredLiterals } from "./required-literals.ts";

describe("requiredLiterals", () => {
  it.each([
    ["(?i)Contract no\\.? [0-9]+", ["contract no"]],
    ["https?://", ["http"]],
    ["\\bABC-17-[0-9]{6}\\b", ["abc-17-"]],
    ["(red|green) house", [" house"]],
    ["(redder|greener) x", ["redder", "greener"]],
    ["^(cdn|dl)[0-9]*\\.evil\\.", [".evil."]],
    ["[]x]abc", ["abc"]],
    ["[[:alpha:]]]{2}draft", ["draft"]],
    ["ab+cdef", ["cdef"]],
    ["a{2}bcd", ["bcd"]],
    ["a{,5}", ["a{,5}"]],
    ["(?P<name>secret)", ["secret"]],
    ["\\p{Greek}secret\\pL", ["secret"]],
  ])("finds in %s what a text must hold", (pattern, literals) => {
    expect(requiredLiterals(pattern)).toEqual(literals);
  });

  it.each([
    ["nothing is required", "(secret)?"],
    ["nothing of use is", "a"],
    ["a branch requires nothing", "secret|[0-9]+"],
    ["there is a literal of another script alone", "секрет"],
    ["there is syntax that it does not follow", "\\Qsecret.\\E"],
    ["there is a code instead of a character", "secret\\x41"],
    ["it is no expression", "secret)"],
    ["a repeat stands behind flags", "secret(?i)?"],
  ])("finds nothing where %s", (_, pattern) => {
    expect(requiredLiterals(pattern)).toBeUndefined();
  });

  it("never requires what a matching text does not hold", () => {
    const piece = constantFrom(
      ..."ab k s K ſ . * + ? {2} {0,1} {2,} | ( (?: (?i) (?i: ) [ab] [^a] []a] \\b \\. \\d ^ $ é".split(
        " ",
      ),
    );
    const text = string({ unit: constantFrom(..."abkKsSſ\u212aé.B2{} ".split("")), maxLength: 12 });
    assert(
      property(array(piece, { minLength: 1, maxLength: 10 }), text, (pieces, value) => {
        const pattern = pieces.join("");
        const literals = requiredLiterals(pattern);
        if (literals === undefined) return;
        let expression: RE2JS;
        try {
          expression = RE2JS.compile(pattern);
        } catch {
          return;
        }
        if (!expression.test(value)) return;
        const folded = foldForLiterals(value);
        expect(literals.some((literal) => folded.includes(literal))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });
});

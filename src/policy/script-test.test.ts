import { describe, expect, it } from "vitest";
import { factsOf, ruleProblems, rules } from "./policy.test-data.ts";
import { scriptTest } from "./script-test.ts";

function matches(condition: string, text: string): boolean {
  const policy = rules(`- { id: r, when: { text: ${condition} }, then: block }`);
  return policy.decide(factsOf({ texts: [text] })).action === "block";
}

describe("text.language_script", () => {
  it.each([
    ["{ language_script: Cyrillic }", "hello", false],
    ["{ language_script: Cyrillic }", "hello мир", true],
    ["{ language_script: cyrl }", "мир", true],
    ["{ language_script: [Han, Hangul] }", "会议 at noon", true],
    ["{ language_script: [Han, Hangul] }", "회의", true],
    ["{ language_script: [Han, Hangul] }", "ひらがな", false],
    ["{ language_script: { not: Latin } }", "Grüße, 12:30 – 😀 ١٢", false],
    ["{ language_script: { not: Latin } }", "pаypal", true],
    ["{ language_script: { not: [Hiragana, Katakana, Han] } }", "コーヒー 珈琲 １２", false],
    ["{ language_script: Old_Italic }", "𐌀", true],
  ])("%s of %s: %s", (condition, text, expected) => {
    expect(matches(condition, text)).toBe(expected);
  });

  it("tells what is no script, and what was meant", () => {
    expect(ruleProblems("when: { text: { language_script: russian } }, then: block")).toEqual([
      'when.text.language_script: there is no script "russian" (did you mean "Cyrillic"?)',
    ]);
    expect(scriptTest(["Latin}|."], "any of")).toBeUndefined();
  });
});

describe("text.has_bidi_override", () => {
  it.each([
    ["plain words", false],
    ["gnp.\u202eexe", true],
    ["\u202dabc\u202c", true],
    ["\u200fשלום\u200e \u2067אבג\u2069 \u202babc\u202c", false],
  ])("in %j: %s", (text, expected) => {
    expect(matches("{ has_bidi_override: true }", text)).toBe(expected);
    expect(matches("{ has_bidi_override: false }", text)).toBe(!expected);
  });
});

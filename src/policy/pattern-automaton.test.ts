import { array, assert, property, string, constantFrom } from "fast-check";
import { describe, expect, it } from "vitest";
import { PatternAutomaton } from "./pattern-automaton.ts";

function placesOf(patterns: readonly string[], text: string): readonly string[] {
  const places: string[] = [];
  new PatternAutomaton(patterns).search(text, (pattern, end) => places.push(`${pattern}@${end}`));
  return places.sort();
}

function placesByLooking(patterns: readonly string[], text: string): readonly string[] {
  const places: string[] = [];
  for (const [number, pattern] of patterns.entries()) {
    for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + 1)) {
      places.push(`${number}@${at + pattern.length}`);
    }
  }
  return places.sort();
}

describe("PatternAutomaton", () => {
  it("finds patterns inside and across each other", () => {
    const patterns = ["he", "she", "his", "hers", "s"];
    expect(placesOf(patterns, "ushers")).toEqual(["0@4", "1@4", "3@6", "4@2", "4@6"]);
  });

  it("finds nothing in an empty text, and with no pattern", () => {
    expect(placesOf(["a"], "")).toEqual([]);
    expect(placesOf([], "abc")).toEqual([]);
  });

  it("finds the same in a large automaton, whose steps are not worked out beforehand", () => {
    const many = Array.from({ length: 300 }, (_, n) => String.fromCodePoint(0x4e00 + n).repeat(3));
    expect(placesOf(["he", "she", "hers", ...many], "ushers")).toEqual(["0@4", "1@4", "2@6"]);
    expect(placesOf(many, "\u4e01".repeat(4))).toEqual(["1@3", "1@4"]);
  });

  it("finds every place that looking for each pattern finds", () => {
    const unit = constantFrom("a", "b", "\u0436", "\u{1f600}");
    const pattern = string({ unit, minLength: 1, maxLength: 5 });
    assert(
      property(array(pattern, { maxLength: 8 }), string({ unit, maxLength: 40 }), (all, text) => {
        const patterns = [...new Set(all)];
        expect(placesOf(patterns, text)).toEqual(placesByLooking(patterns, text));
      }),
    );
  });
});

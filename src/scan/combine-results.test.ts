import { describe, expect, it } from "vitest";
import { combineResults, type EngineAnswer } from "./combine-results.ts";
import type { ScanResult } from "./scan-result.ts";

const BY_WORD: Readonly<Record<string, (engine: string) => ScanResult>> = {
  clean: (engine) => ({ kind: "clean", engine, ms: 0 }),
  infected: (engine) => ({ kind: "infected", engine, threat: "X", ms: 0 }),
  suspicious: (engine) => ({ kind: "suspicious", engine, threat: "Y", ms: 0 }),
  encrypted: (engine) => ({ kind: "unscannable", engine, reason: "encrypted", ms: 0 }),
  container: (engine) => ({ kind: "unscannable", engine, reason: "unknown-format", ms: 0 }),
  down: (engine) => ({ kind: "error", engine, reason: "down", ms: 0 }),
};

/** "clamd infected" or "clamd? down": the question mark is of an engine that is not required. */
function answers(text: string): readonly EngineAnswer[] {
  return text
    .split(",")
    .map((item) => item.trim().split(" "))
    .map(([name = "", word = ""]) => {
      const result = BY_WORD[word]?.(name.replace("?", ""));
      if (result === undefined) throw new Error(word);
      return { required: !name.endsWith("?"), result };
    });
}

describe("combineResults", () => {
  it.each([
    ["builtin clean, clamd clean", "clean"],
    ["builtin clean, clamd infected", "infected"],
    ["builtin suspicious, clamd infected", "infected"],
    ["builtin suspicious, clamd encrypted", "suspicious"],
    ["builtin clean, clamd encrypted", "unscannable"],
    ["clamd encrypted, other down", "unscannable"],
    ["builtin clean, clamd down", "error"],
    ["builtin infected, clamd down", "infected"],
    ["builtin clean, clamd? down", "clean"],
    ["builtin container, clamd? down", "unscannable"],
    ["builtin container, clamd? clean", "clean"],
    ["builtin container, clamd? infected", "infected"],
    ["builtin container, clamd down", "unscannable"],
    ["builtin container", "unscannable"],
    ["clamd container, other clean", "unscannable"],
    ["clamd? down", "error"],
    ["clamd? down, other? down", "error"],
    ["clamd? clean, other down", "error"],
    ["builtin down, clamd clean", "error"],
  ])("makes of %s: %s", (text, kind) => {
    expect(combineResults(answers(text)).kind).toBe(kind);
  });

  it("names the first of equals, and fails without engines", () => {
    expect(combineResults(answers("a infected, b infected")).engine).toBe("a");
    expect(combineResults([])).toMatchObject({ kind: "error", engine: "none" });
  });
});

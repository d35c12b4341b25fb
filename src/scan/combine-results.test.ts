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

/** Letters for the tables below: what each engine says, in the order of the configuration. */
const BY_LETTER: Readonly<Record<string, string>> = {
  i: "infected",
  s: "suspicious",
  u: "encrypted",
  e: "down",
  c: "clean",
};

/** Every row of `letters` of this length. */
function rows(length: number): readonly string[] {
  let all = [""];
  for (let engine = 0; engine < length; engine += 1) {
    all = all.flatMap((row) => Object.keys(BY_LETTER).map((letter) => row + letter));
  }
  return all;
}

function said(row: string, required: boolean): readonly EngineAnswer[] {
  const mark = required ? "" : "?";
  return answers(
    row
      .split("")
      .map((letter, index) => `e${index}${mark} ${BY_LETTER[letter] ?? ""}`)
      .join(", "),
  );
}

/** Row and letter of the verdict, space between; a few to a line. */
function table(text: string): readonly (readonly [string, string])[] {
  return text
    .trim()
    .split(/\s+/)
    .map((item) => {
      const [row = "", verdict = ""] = item.split("=");
      return [row, verdict] as const;
    });
}

describe("combineResults", () => {
  it.each([
    ["builtin clean, clamd clean", "clean"],
    ["builtin clean, clamd infected", "infected"],
    ["builtin suspicious, clamd infected", "infected"],
    ["builtin suspicious, clamd encrypted", "suspicious"],
    ["builtin clean, clamd encrypted", "unscannable"],
    // without the answer of a required engine a scan has failed, whatever the others could not see
    ["clamd encrypted, other down", "error"],
    ["builtin container, clamd down", "error"],
    ["look encrypted, clamd down", "error"],
    ["look encrypted, clamd? down", "error"],
    ["builtin clean, clamd down", "error"],
    ["builtin infected, clamd down", "infected"],
    ["builtin clean, clamd? down", "clean"],
    ["builtin container, clamd? down", "unscannable"],
    ["builtin container, clamd? clean", "clean"],
    ["builtin container, clamd? infected", "infected"],
    ["builtin container", "unscannable"],
    ["clamd container, other clean", "unscannable"],
    ["clamd clean, look encrypted", "unscannable"],
    ["clamd? down", "error"],
    ["clamd? down, other? down", "error"],
    ["clamd? clean, other down", "error"],
    ["builtin down, clamd clean", "error"],
  ])("makes of %s: %s", (text, kind) => {
    expect(combineResults(answers(text)).kind).toBe(kind);
  });

  // 25 rows: i infected, s suspicious, u unscannable, e error, c clean
  const TWO_REQUIRED = table(`
    ii=infected is=infected iu=infected ie=infected ic=infected
    si=infected ss=suspicious su=suspicious se=suspicious sc=suspicious
    ui=infected us=suspicious uu=unscannable ue=error uc=unscannable
    ei=infected es=suspicious eu=error ee=error ec=error
    ci=infected cs=suspicious cu=unscannable ce=error cc=clean`);
  const TWO_OPTIONAL = table(`
    ii=infected is=infected iu=infected ie=infected ic=infected
    si=infected ss=suspicious su=suspicious se=suspicious sc=suspicious
    ui=infected us=suspicious uu=unscannable ue=unscannable uc=unscannable
    ei=infected es=suspicious eu=unscannable ee=error ec=clean
    ci=infected cs=suspicious cu=unscannable ce=clean cc=clean`);
  const TWO_CHAINED = table(`
    ii=infected is=infected iu=infected ie=infected ic=infected
    si=infected ss=suspicious su=suspicious se=suspicious sc=suspicious
    ui=infected us=suspicious uu=unscannable ue=unscannable uc=unscannable
    ei=infected es=suspicious eu=unscannable ee=error ec=clean
    ci=infected cs=suspicious cu=clean ce=clean cc=clean`);

  it.each([
    ["worst", true, TWO_REQUIRED],
    ["worst", false, TWO_OPTIONAL],
    // one of two is no majority
    ["majority", true, TWO_REQUIRED],
    ["majority", false, TWO_OPTIONAL],
    ["first_available", true, TWO_REQUIRED],
    ["first_available", false, TWO_CHAINED],
  ] as const)("combines two engines by %s (required: %s)", (combination, required, expected) => {
    expect(
      rows(2).map((row) => [row, combineResults(said(row, required), combination).kind]),
    ).toEqual(expected);
  });

  const verdicts = (combination: "worst" | "majority" | "first_available", required: boolean) =>
    rows(3).map((row) => [row, combineResults(said(row, required), combination).kind] as const);
  const has = (row: string, letters: string): boolean =>
    row.split("").some((one) => letters.includes(one));
  const count = (row: string, letter: string): number => row.split(letter).length - 1;
  /** What counts once nothing was found, or what was found was outvoted. */
  const rest = (row: string, required: boolean): string => {
    if (has(row, "e") && (required || !has(row, "uc"))) return "error";
    return has(row, "u") ? "unscannable" : "clean";
  };

  it.each([true, false])(
    "lets what any of three engines found stand by worst (required: %s)",
    (required) => {
      for (const [row, kind] of verdicts("worst", required)) {
        const found = has(row, "i") ? "infected" : "suspicious";
        expect([row, kind]).toEqual([row, has(row, "is") ? found : rest(row, required)]);
      }
    },
  );

  it.each([true, false])(
    "lets two of three outvote the third by majority (required: %s)",
    (required) => {
      for (const [row, kind] of verdicts("majority", required)) {
        const found = has(row, "i") ? "infected" : "suspicious";
        const stands = has(row, "is") && count(row, "c") < 2;
        expect([row, kind]).toEqual([row, stands ? found : rest(row, required)]);
      }
    },
  );

  it("takes the first answer of three by first_available, and hides nothing that was found", () => {
    for (const [row, kind] of verdicts("first_available", false)) {
      const found = has(row, "i") ? "infected" : "suspicious";
      const first = row.split("").find((letter) => letter !== "e");
      const answer = first === undefined ? "error" : first === "u" ? "unscannable" : "clean";
      expect([row, kind]).toEqual([row, has(row, "is") ? found : answer]);
    }
  });

  it.each([
    ["a clean, b clean, c infected, builtin infected", "infected"],
    // the vote of an engine that knows no malware would make two of three
    ["builtin clean, a clean, b infected, c down", "infected"],
    ["builtin clean, a? clean, b? infected, c? down", "infected"],
    ["a clean, b clean, c infected, d down", "infected"],
    ["a clean, b clean, c clean, d infected", "clean"],
    ["a clean, b clean, c infected, look encrypted", "unscannable"],
    ["a clean, b clean, c clean, d encrypted", "unscannable"],
    ["builtin container, a clean, b clean, c infected", "clean"],
  ])("makes of %s by majority: %s", (text, kind) => {
    expect(combineResults(answers(text), "majority").kind).toBe(kind);
  });

  it.each([
    ["builtin clean, a? down, b? clean", "clean"],
    ["builtin infected, a? clean, b? clean", "infected"],
    ["builtin container, a? down, b? down", "unscannable"],
    ["builtin container, a? down, b? clean", "clean"],
    ["a? clean, b down", "error"],
    ["a? clean, b encrypted", "unscannable"],
    ["a? clean, look encrypted", "unscannable"],
  ])("makes of %s by first_available: %s", (text, kind) => {
    expect(combineResults(answers(text), "first_available").kind).toBe(kind);
  });

  it("calls nothing clean that no engine has called so, nor what a required one has not seen", () => {
    const wrong = (["worst", "majority", "first_available"] as const).flatMap((combination) =>
      [true, false].flatMap((required) =>
        [...rows(2), ...rows(3)].filter((row) => {
          if (combineResults(said(row, required), combination).kind !== "clean") return false;
          return !has(row, "c") || (required && has(row, "e"));
        }),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("names the first of equals, and fails without engines", () => {
    expect(combineResults(answers("a infected, b infected")).engine).toBe("a");
    expect(combineResults(answers("a down, b clean, c down")).engine).toBe("a");
    expect(combineResults([])).toMatchObject({ kind: "error", engine: "none" });
  });
});

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readGolden, withExpected } from "./golden-file.ts";
import { askedFields, EFFECTS, FIELDS, MISSING, usedEffects } from "./language-parts.ts";
import { runGolden } from "./run-golden.ts";

const FOLDER = import.meta.dirname;

/** GOLDEN=write puts what comes into the files, to be read with `git diff` before it is committed. */
// oxlint-disable-next-line node/no-process-env -- the one switch of this test
const WRITES = process.env["GOLDEN"] === "write";

const FILES = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".txt") && !name.startsWith("shared/"))
  .toSorted();

describe("golden files: a message and rules, and what comes of it", () => {
  it.each(FILES)("%s", (name) => {
    const path = join(FOLDER, name);
    const text = readFileSync(path, "utf8");
    const golden = readGolden(text);
    const outcome = runGolden(golden);
    if (WRITES) writeFileSync(path, withExpected(text, outcome));
    expect(outcome).toBe(WRITES ? outcome : golden.expected);
  });
});

describe("the language in golden files", () => {
  const goldens = FILES.map((name) => readGolden(readFileSync(join(FOLDER, name), "utf8")));

  it("shows every field of every condition", () => {
    const asked = new Set(goldens.flatMap((golden) => askedFields(golden)));
    const missing = FIELDS.filter((field) => !asked.has(field));
    expect(missing).toEqual(MISSING.filter((field) => FIELDS.includes(field)));
  });

  it("shows every effect", () => {
    const used = new Set(goldens.flatMap((golden) => usedEffects(golden)));
    expect(EFFECTS.filter((effect) => !used.has(effect))).toEqual([]);
  });
});

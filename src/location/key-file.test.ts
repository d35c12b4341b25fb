import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeyFileDamaged, readOrCreateKey } from "./key-file.ts";

describe("readOrCreateKey", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sluice-key-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("gives the same key at every start", () => {
    const keys = join(folder, "keys");
    const first = readOrCreateKey(keys, "flow.key");
    expect(first).toHaveLength(32);
    expect(readOrCreateKey(keys, "flow.key").equals(first)).toBe(true);
  });

  it("keeps the key from other users", () => {
    const keys = join(folder, "keys");
    readOrCreateKey(keys, "flow.key");
    expect(statSync(join(keys, "flow.key")).mode & 0o777).toBe(0o600);
    expect(statSync(keys).mode & 0o777).toBe(0o700);
  });

  it("refuses a cut file instead of replacing it", () => {
    writeFileSync(join(folder, "flow.key"), "short");
    expect(() => readOrCreateKey(folder, "flow.key")).toThrow(KeyFileDamaged);
  });

  it.each([
    ["flow.key", "clients then register anew"],
    ["mark.key", "judged twice"],
    ["quarantine.key", "without it no kept file can be opened again"],
  ])("says what is lost with a damaged %s", (name, words) => {
    writeFileSync(join(folder, name), "short");
    expect(() => readOrCreateKey(folder, name)).toThrow(words);
  });
});

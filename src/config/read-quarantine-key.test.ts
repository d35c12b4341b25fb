import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readQuarantineKeys } from "./read-quarantine-key.ts";

const KEY = randomBytes(32);

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-key-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function written(content: Buffer | string): string {
  const file = join(dir, "key");
  writeFileSync(file, content);
  return file;
}

describe("readQuarantineKeys", () => {
  it.each([
    ["as bytes", KEY],
    ["in hex", `${KEY.toString("hex")}\n`],
    ["in base64", KEY.toString("base64")],
  ])("reads a file with the key %s, and those in use before", (_, content) => {
    const file = written(content);
    const keys = readQuarantineKeys({ dir, quarantineKey: { file }, quarantineOldKeys: [file] });
    expect(keys).toEqual({ current: KEY, source: file, old: [KEY] });
  });

  it("reads an environment variable", () => {
    const data = { dir, quarantineKey: { variable: "QK" } };
    expect(readQuarantineKeys(data, { QK: KEY.toString("base64") }).current).toEqual(KEY);
    expect(() => readQuarantineKeys(data, {})).toThrow(
      "the quarantine's key is missing: the environment variable QK is not set",
    );
    const wrong = () => readQuarantineKeys(data, { QK: "secret word" });
    expect(wrong).toThrow(/^the environment variable QK holds no key/);
    expect(wrong).not.toThrow(/secret word/);
  });

  it("makes no key in place of one that is named and missing, but may in place of its own", () => {
    const file = join(dir, "none");
    const named = { dir, quarantineKey: { file } };
    expect(() => readQuarantineKeys(named)).toThrow(
      expect.objectContaining({ code: "QUARANTINE_KEY" }),
    );
    expect(() => readQuarantineKeys({ dir, quarantineOldKeys: [file] })).toThrow(/never made/);
    expect(readQuarantineKeys({ dir }).current).toBeUndefined();
    mkdirSync(join(dir, "keys"));
    writeFileSync(join(dir, "keys", "quarantine.key"), KEY);
    expect(readQuarantineKeys({ dir }).current).toEqual(KEY);
  });

  it.each([
    ["too short", KEY.subarray(1)],
    ["too long", Buffer.concat([KEY, KEY])],
    ["a word", "correct horse battery staple"],
    ["empty", ""],
  ])("refuses a file that is %s", (_, content) => {
    const file = written(content);
    expect(() => readQuarantineKeys({ dir, quarantineKey: { file } })).toThrow("holds no key");
  });
});

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileTypeFromBuffer } from "file-type";
import { describe, expect, it } from "vitest";
import { viewOf } from "../../src/content/byte-view.ts";
import { normalizeFileName } from "../../src/content/file-name.ts";
import { lookIntoFile } from "../../src/content/look-into-file.ts";
import { groupOfMediaType } from "../../src/content/type-groups.ts";
import { isTypeMismatch } from "../../src/content/type-mismatch.ts";
import { lookAtSource } from "../../src/scan/look-at-source.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { typedSamples, UNKNOWN_BYTES } from "../support/typed-samples.ts";

const SAMPLES = typedSamples();
/** What must be found in any disguise (HARDENING B6). */
const DANGEROUS = ["executable", "script", "archive", "shortcut", "installer", "disk-image"];

describe("files of a known type under the name of a picture or a text", () => {
  it("are two hundred and more", () => {
    expect(SAMPLES.length).toBeGreaterThanOrEqual(200);
  });

  it.each(DANGEROUS)("are found, each of them: %s", (group) => {
    const missed: string[] = [];
    for (const { title, bytes } of SAMPLES.filter((one) => one.group === group)) {
      const { types } = lookIntoFile(viewOf(bytes));
      const isFound = types.some((type) => type.group === group);
      const isHidden = ["a.txt", "a.jpg"].some(
        (name) => isTypeMismatch(normalizeFileName(name), undefined, types) !== true,
      );
      if (!isFound || isHidden) missed.push(`${title} -> ${JSON.stringify(types)}`);
    }
    expect(missed).toEqual([]);
  });

  it("with macros are told from those without", () => {
    const wrong = SAMPLES.filter(({ macros }) => macros !== undefined).filter(
      ({ bytes, macros }) => lookIntoFile(viewOf(bytes)).hasMacros !== macros,
    );
    expect(wrong.map(({ title }) => title)).toEqual([]);
    expect(SAMPLES.filter(({ macros }) => macros === true).length).toBeGreaterThan(20);
  });

  it("are no mismatch under their own name", () => {
    const wrong = SAMPLES.filter(({ extension, bytes }) => {
      const { types } = lookIntoFile(viewOf(bytes));
      return isTypeMismatch(normalizeFileName(`a.${extension}`), undefined, types) === true;
    });
    expect(wrong.map(({ title }) => title)).toEqual([]);
  });

  it("have their group named in 95 of 100 cases and more, with the second reader", async () => {
    const wrong: string[] = [];
    for (const { title, group, bytes } of SAMPLES) {
      const look = await lookAtSource(createMemorySource(bytes));
      if (look?.content.types[0]?.group !== group)
        wrong.push(`${title}: ${group} -> ${JSON.stringify(look?.content.types)}`);
    }
    expect(wrong).toEqual([]);
  });

  it("are not guessed", () => {
    expect(lookIntoFile(viewOf(UNKNOWN_BYTES)).types).toEqual([]);
    expect(lookIntoFile(viewOf(Buffer.alloc(0))).types).toEqual([]);
  });
});

/** What another reader says when it sees the wrapping only. */
const WRAPPINGS = [
  "application/zip",
  "application/xml",
  "text/xml",
  "application/octet-stream",
  "text/plain",
];

async function agrees(bytes: Buffer, type: string): Promise<boolean> {
  const look = await lookAtSource(createMemorySource(bytes));
  const group = groupOfMediaType(type);
  return look?.content.types.some((one) => one.type === type || one.group === group) === true;
}

describe("the look beside other readers", () => {
  it("agrees with file-type about the group, wherever that knows one", async () => {
    const differs: string[] = [];
    let known = 0;
    for (const { title, bytes } of SAMPLES) {
      const other = await fileTypeFromBuffer(bytes);
      if (other === undefined || WRAPPINGS.includes(other.mime)) continue;
      if (groupOfMediaType(other.mime) === undefined) continue;
      known += 1;
      if (!(await agrees(bytes, other.mime))) differs.push(`${title}: ${other.mime}`);
    }
    expect(known).toBeGreaterThan(80);
    expect(differs.slice(Math.floor(known * 0.05))).toEqual([]);
  });

  it.skipIf(!hasFileCommand())("agrees with libmagic about the group", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-types-"));
    try {
      SAMPLES.forEach(({ bytes }, i) => writeFileSync(join(folder, String(i)), bytes));
      const names = SAMPLES.map((_, i) => String(i));
      const said = execFileSync("file", ["--brief", "--mime-type", ...names], { cwd: folder })
        .toString()
        .trim()
        .split("\n");
      const differs: string[] = [];
      let known = 0;
      for (const [i, { title, bytes }] of SAMPLES.entries()) {
        const type = said[i] ?? "";
        const group = groupOfMediaType(type);
        if (WRAPPINGS.includes(type) || group === undefined || group === "text") continue;
        if (type === "text/html") continue;
        known += 1;
        if (!(await agrees(bytes, type))) differs.push(`${title}: ${type}`);
      }
      expect(known).toBeGreaterThan(60);
      expect(differs.slice(Math.floor(known * 0.05))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const testFiles = "/usr/share/clamav-testfiles";
  it.skipIf(!existsSync(testFiles))("knows the files that ClamAV is tested with", () => {
    const missed = readdirSync(testFiles).filter((name) => {
      const { types } = lookIntoFile(viewOf(readFileSync(join(testFiles, name))));
      return types.length === 0 || types[0]?.group === "text";
    });
    expect(missed).toEqual([]);
  });
});

function hasFileCommand(): boolean {
  try {
    execFileSync("file", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

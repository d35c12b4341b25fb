import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { scanBuiltin } from "./builtin-engine.ts";

const EICAR = [
  "X5O!P%@AP[4\\PZX54(P^)7CC)7}$",
  "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!",
  "$H+H*",
].join("");

function resultOf(content: string | Buffer): string {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return scanBuiltin(bytes, () => 0).kind;
}

/** A zip of one deflated member, without its directory: what a scanner meets first. */
function zipOf(name: string, content: string): string {
  const data = deflateRawSync(Buffer.from(content)).toString("latin1");
  return `PK\x03\x04\x14\0\0\0\x08\0${"\0".repeat(16)}${String.fromCharCode(name.length)}\0\0\0${name}${data}`;
}

describe("scanBuiltin", () => {
  it.each([
    ["plain words", "hello bob", "clean"],
    ["nothing", "", "clean"],
    ["a picture", "\x89PNG\r\n\x1a\nIHDR", "clean"],
    ["the EICAR file", EICAR, "infected"],
    ["EICAR in the middle", `x\n${EICAR}\ny`, "infected"],
    ["a Windows program, whatever its name", "MZ\x90\0\x03", "suspicious"],
    ["an ELF program", "\x7fELF\x02\x01", "suspicious"],
    ["a shell script", "#!/bin/sh\nrm -rf /", "suspicious"],
    ["a shortcut", "L\0\0\0\x01\x14\x02\0", "suspicious"],
    ["a zip", zipOf("a.txt", EICAR), "unscannable"],
    ["a zip that looks like an office file", zipOf("word/a.exe", EICAR), "unscannable"],
    ["a zip behind other bytes", `AA${zipOf("a.txt", EICAR)}`, "unscannable"],
    ["a zip behind a picture", `\xff\xd8\xff${zipOf("a.txt", EICAR)}`, "unscannable"],
    ["a PDF", "%PDF-1.7", "unscannable"],
    ["an old office file", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unscannable"],
    ["an ARJ archive", "\x60\xea\x01", "unscannable"],
    ["an LZH archive", "\x20\x30-lh5-", "unscannable"],
  ])("judges %s", (_, content, kind) => {
    expect(resultOf(content)).toBe(kind);
  });
});

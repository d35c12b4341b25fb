import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryName } from "./entry-name.ts";

describe("entryName", () => {
  it.each([
    ["report.pdf", "report.pdf"],
    ["../../etc/passwd", "passwd"],
    ["C:\\temp\\a.exe", "a.exe"],
    ["/absolute", "absolute"],
    ["a\0b\r\n.exe", "ab.exe"],
    ["gpj.\u202Eexe", "gpj.exe"],
    ["a.exe. . ", "a.exe"],
    ["a.txt:stream", "a.txt_stream"],
    ["\uD800x", "\uFFFDx"],
    ["", "file"],
    ["..", "file"],
    ["a/", "file"],
    ["\u200B", "file"],
  ])("makes of %j the name %j", (sent, name) => {
    expect(entryName(sent)).toBe(name);
  });

  it("keeps the extension of a very long name", () => {
    expect(entryName(`${"ä".repeat(10_000)}.exe`)).toMatch(/^ä+\.exe$/);
  });

  it("never gives a path, a control, an empty or a long name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (sent) => {
        const name = entryName(sent);
        expect(name).not.toMatch(/[/\\\p{Cc}\p{Cf}]|^\.*$/u);
        expect(name.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeFileName } from "./file-name.ts";

describe("normalizeFileName", () => {
  it.each([
    ["a.exe", "a.exe", ["exe"]],
    ["A.EXE", "A.EXE", ["exe"]],
    ["a.pdf.exe", "a.pdf.exe", ["exe", "pdf"]],
    ["a.exe.", "a.exe", ["exe"]],
    ["a.exe . .", "a.exe", ["exe"]],
    ["a.exe ", "a.exe", ["exe"]],
    ["a.exe\u00a0", "a.exe", ["exe"]],
    ["a.exe::$DATA", "a.exe", ["exe"]],
    ["a.exe:x.jpg", "a.exe", ["exe", "jpg"]],
    ["a.jpg:b.exe:$DATA", "a.jpg", ["jpg", "exe"]],
    ["C:a.exe", "a.exe", ["exe"]],
    ["C:\\Users\\bob\\a.exe", "a.exe", ["exe"]],
    ["../../etc/a.exe", "a.exe", ["exe"]],
    ["a.exe/", "a.exe", ["exe"]],
    ["a.exe/.", "a.exe", ["exe"]],
    ["a.exe/..", "a.exe", ["exe"]],
    ["a.exe/./ . //..", "a.exe", ["exe"]],
    ["a.exe%2f.", "a.exe", ["exe"]],
    ["a.exe\\.\u200b", "a.exe", ["exe"]],
    ["a.exe/\0", "a.exe", ["exe"]],
    ["a.exe\0.jpg", "a.exe", ["exe", "jpg"]],
    ["a.jpg\0.exe", "a.jpg", ["jpg", "exe"]],
    ["a.e\0xe", "a.e", ["e", "exe"]],
    ["a.exe%00.jpg", "a.exe", ["exe", "jpg", "exe%00"]],
    ["a%2Eexe", "a.exe", ["exe"]],
    ["a%252eexe", "a.exe", ["exe"]],
    ["a.exe%20", "a.exe", ["exe", "exe%20"]],
    ["a\uff0eexe", "a.exe", ["exe"]],
    ["a\u3002exe", "a.exe", ["exe"]],
    ["a\u2024exe", "a.exe", ["exe"]],
    ["a.\uff45\uff58\uff45", "a.exe", ["exe"]],
    ["a.e\u200bx\u00ade", "a.exe", ["exe"]],
    ["a.ex\u0435", "a.ex\u0435", ["ex\u0435", "exe"]],
    ["a.exé", "a.exé", ["exé", "exe"]],
    ["a.exe;.jpg", "a.exe;.jpg", ["jpg", "exe", "exe;"]],
    ["a.exe?x=y", "a.exe?x=y", ["exe", "exe?x=y"]],
    ["=?UTF-8?B?YS5leGU=?=", "a.exe", ["exe"]],
    ["=?utf-8?q?a=2Eexe?=", "a.exe", ["exe"]],
    ["=?utf-8?q?a=2E?= =?utf-8?q?exe?=", "a.exe", ["exe"]],
    ["CON.exe", "CON.exe", ["exe"]],
    [".exe", ".exe", ["exe"]],
    ["a\r\n.exe", "a  .exe", ["exe"]],
    ["noextension", "noextension", []],
    ["", "", []],
    ["...", "", []],
  ])("reads %j", (raw, normalized, extensions) => {
    const name = normalizeFileName(raw);
    expect(name.raw).toBe(raw);
    expect(name.normalized).toBe(normalized);
    for (const extension of extensions) expect(name.extensions).toContain(extension);
    expect(name.extensions.length).toBeLessThanOrEqual(Math.max(extensions.length, 2));
  });

  it("rejects a double extension hidden behind a right-to-left override", () => {
    const name = normalizeFileName("photo\u202egpj.exe");
    expect(name).toMatchObject({ normalized: "photogpj.exe", extensions: ["exe"], bidi: true });
    expect(normalizeFileName("photo%E2%80%AEgpj.exe").bidi).toBe(true);
  });

  it.each([
    ["invoice.pdf.exe", true],
    ["invoice.pdf   .exe", true],
    ["photo.JPG.scr.", true],
    ["photo.jpg\0.scr", true],
    ["archive.tar.gz", false],
    ["v1.2.exe", false],
    ["a.exe", false],
  ])("says of %j whether it has a double extension: %s", (raw, doubleExtension) => {
    expect(normalizeFileName(raw).doubleExtension).toBe(doubleExtension);
  });

  it("takes any text, and gives a name without path and control characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (raw) => {
        const { normalized } = normalizeFileName(raw);
        // eslint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(normalized).not.toMatch(/[/\\\0-\x1f\u202e\u200b]/);
      }),
      { numRuns: 3000 },
    );
  });

  it("reads a name of 64 KiB in little time", () => {
    for (const unit of ["a.", "%25", "=?utf-8?q?", ":", "\u202e.", "=?a?b?c?="]) {
      const begin = process.cpuUsage();
      normalizeFileName(unit.repeat(65_536 / unit.length));
      expect(process.cpuUsage(begin).user / 1000).toBeLessThan(500);
    }
  });

  it.each([
    ["at the end", `${"x".repeat(60_000)}.exe`],
    ["near the beginning, a stream behind it", `a.exe:${"y".repeat(60_000)}`],
    ["before many blanks", `${"d/".repeat(1_000)}${"x".repeat(1_500)}.exe${"%20".repeat(20_000)}`],
    [
      "behind many characters that are not seen",
      `${"\u200b".repeat(9_000)}a.exe:${"y".repeat(9_000)}`,
    ],
  ])("finds the extension of a name of many characters %s", (_, raw) => {
    expect(normalizeFileName(raw).extensions).toContain("exe");
  });

  it("judges the beginning and the end of a name with many dots, quickly", () => {
    const dotted = Array.from({ length: 32_768 }, (_, i) => i.toString(36)).join(".");
    for (const raw of [dotted, dotted.replaceAll(".", ":."), dotted.replaceAll(".", "%252e")]) {
      const begin = process.cpuUsage();
      expect(normalizeFileName(raw).extensions.length).toBeLessThan(20_000);
      expect(process.cpuUsage(begin).user / 1000).toBeLessThan(500);
    }
  });
});

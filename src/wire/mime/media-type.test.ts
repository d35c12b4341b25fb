import { describe, expect, it } from "vitest";
import { parseContentDisposition, parseMediaType } from "./media-type.ts";

describe("parseMediaType", () => {
  it("reads type and parameters, quoted or not, in any case", () => {
    const read = parseMediaType('Multipart/Mixed;boundary="a b" ; CHARSET=UTF-8;');
    expect(read.ok && read.value.type).toBe("multipart/mixed");
    expect(read.ok && [...read.value.plain]).toEqual([
      ["boundary", "a b"],
      ["charset", "UTF-8"],
    ]);
  });
});

describe("parseContentDisposition", () => {
  it.each([
    ["attachment; filename=a.exe", ["a.exe"]],
    ['attachment; filename="a \\"b\\".exe"', ['a "b".exe', 'a \\"b\\".exe']],
    ['attachment; filename="C:\\tmp\\a.exe"', ["C:tmpa.exe", "C:\\tmp\\a.exe"]],
    ["attachment; filename*=UTF-8''na%C3%AFve%2Eexe", ["naïve.exe"]],
    ["attachment; filename*=iso-8859-1'de'%E4.exe", ["ä.exe"]],
    ["attachment; filename*0=a.; filename*1=exe", ["a.exe"]],
    ["attachment; filename*1=exe; filename*0=a.", ["a.exe", "exea."]],
    ["attachment; filename*0*=utf-8''a%2E; filename*1=exe", ["utf-8''a%2Eexe", "a.exe"]],
    ["attachment; filename=a.txt; filename*=utf-8''b.exe", ["a.txt", "b.exe"]],
  ])("keeps every reading of the file name in %s", (value, names) => {
    const read = parseContentDisposition(value);
    expect(read.ok && [...read.value.names].sort()).toEqual([...names].sort());
  });

  it("reads a raw UTF-8 name", () => {
    const latin1 = Buffer.from('attachment; filename="naïve.exe"', "utf8").toString("latin1");
    const read = parseContentDisposition(latin1);
    expect(read.ok && read.value.names).toEqual(["naïve.exe"]);
  });

  it("refuses more than 100 parameters, quickly", () => {
    const many = (count: number, name: string): string =>
      `text/plain${Array.from({ length: count }, (_, i) => `;${name}${i}=a`).join("")}`;
    expect(parseMediaType(many(100, "x"))).toMatchObject({ ok: true });
    const begin = process.cpuUsage();
    for (const name of ["x", "name*x"])
      expect(parseMediaType(many(12_000, name))).toMatchObject({
        problem: { code: "bad-parameter", detail: "more than 100 parameters" },
      });
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(100);
  });

  it("knows the flag of a call of the LCS family, once, and no other", () => {
    const read = (flags: string) => parseContentDisposition(`session; handling=optional${flags}`);
    expect(read("; ms-proxy-2007fallback")).toMatchObject({
      ok: true,
      value: { disposition: "session", names: [] },
    });
    expect(read(";ms-proxy-2007fallback ; x=y").ok).toBe(true);
    expect(read("; ms-proxy-2007fallback; ms-proxy-2007fallback").ok).toBe(false);
    expect(read("; ms-proxy-2007fallback filename=a.exe").ok).toBe(false);
    expect(read("; filename").ok).toBe(false);
  });
});

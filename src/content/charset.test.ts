import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText, encodeText } from "./charset.ts";

const LABELS = [
  undefined,
  "utf-8",
  "us-ascii",
  "iso-8859-1",
  "iso-8859-2",
  "iso-8859-15",
  "windows-1250",
  "windows-1251",
  "windows-1252",
  "koi8-r",
  "koi8-u",
  "utf-16le",
  "utf-16be",
  "utf-16",
  "UTF8",
  "Latin1",
];

describe("decodeText", () => {
  it.each([
    ["utf-8", [0xc3, 0xa9], "é"],
    ["iso-8859-1", [0xe9], "é"],
    ["iso-8859-15", [0xa4], "€"],
    ["windows-1252", [0x80], "€"],
    ["windows-1251", [0xcf], "П"],
    ["koi8-r", [0xf0], "П"],
    ["utf-16le", [0xe9, 0], "é"],
    ["utf-16be", [0, 0xe9], "é"],
    ["utf-16", [0xfe, 0xff, 0, 0xe9], "\ufeffé"],
    ["utf-8", [0xef, 0xbb, 0xbf, 0x41], "\ufeffA"],
    ["cp037", [0x88, 0xa3, 0xa3, 0x97, 0x7a], "http:"],
    ["IBM037", [0xc1], "A"],
    ["utf-7", [...Buffer.from("+AGgAdAB0AHA-://")], "http://"],
    ["unicode-1-1-utf-7", [...Buffer.from("a+-b+AOk")], "a+bé"],
    ["utf-32le", [0x41, 0, 0, 0], "A"],
    ["utf-32be", [0, 1, 0xf6, 0x42], "\u{1f642}"],
    ["utf-32", [0, 0, 0xfe, 0xff, 0, 0, 0, 0x41], "\ufeffA"],
    ["gb2312", [0xc4, 0xe3], "你"],
    ["GB18030", [0x81, 0x30, 0x81, 0x30], "\u0080"],
    ["big5", [0xa7, 0x41], "你"],
    ["shift_jis", [0x82, 0xa8], "お"],
    ["cp932", [0x82, 0xa8], "お"],
    ["euc-jp", [0xa4, 0xaa], "お"],
    ["ks_c_5601-1987", [0xbe, 0xc8], "안"],
    ["iso-2022-jp", [0x1b, 0x24, 0x42, 0x24, 0x2a, 0x1b, 0x28, 0x42], "お"],
    ["ibm866", [0x80], "А"],
    ["macintosh", [0x8e], "é"],
    ["tis-620", [0xa1], "ก"],
    ["csisolatin2", [0xb1], "ą"],
  ])("reads %s", (label, bytes, text) => {
    expect(decodeText(Buffer.from(bytes), label)).toMatchObject({ ok: true, value: { text } });
  });

  it.each([
    ["utf-16", [0x41, 0], ["\u4100", "A"]],
    ["utf-32", [0, 0, 0, 0x41], ["A", "A"]],
    ["utf-7", [...Buffer.from("+AEE-")], ["A", "+AEE-"]],
    ["cp037", [0xc1], ["A", "\xc1"]],
    ["shift_jis", [0x82, 0x68, 0x74], ["\uff29t", "\x82ht"]],
    ["iso-2022-jp", [...Buffer.from("\x1b$B4A\x1b(B")], ["漢", "\x1b$B4A\x1b(B"]],
    ["gbk", [0x41], ["A"]],
    ["gbk", [0xd0, 0xb6], ["卸", "\xd0\xb6", "ж"]],
    ["iso-8859-1", [0xd0, 0xb6], ["\xd0\xb6", "ж"]],
    ["windows-1252", [0xd0, 0xb6], ["\xd0\xb6", "ж"]],
    ["iso-8859-1", [0xe9, 0x21], ["é!"]],
  ])("says of %s what else a reader may see", (label, bytes, readings) => {
    const decoded = decodeText(Buffer.from(bytes), label);
    if (!decoded.ok) throw new Error(decoded.problem.detail);
    expect([decoded.value.text, ...decoded.value.views]).toEqual(readings);
  });

  it.each([
    ["utf-7", Buffer.from("+AEF-")],
    ["utf-7", Buffer.from("+A")],
    ["utf-7", Buffer.from("+2AA-")],
    ["utf-7", Buffer.from([0xe9])],
    ["utf-32le", Buffer.from([0, 0xd8, 0, 0])],
    ["utf-32", Buffer.from([1, 2, 3])],
    ["shift_jis", Buffer.from([0x82])],
  ])("does not mend %s", (label, bytes) => {
    expect(decodeText(bytes, label)).toMatchObject({ problem: { code: "bad-encoding" } });
  });

  it.each([
    "hz-gb-2312",
    "iso-2022-kr",
    "iso-2022-cn",
    "x-user-defined",
    "scsu",
    "bocu-1",
    "x",
    "",
  ])("does not guess at %s", (label) => {
    expect(decodeText(Buffer.from("a"), label)).toMatchObject({
      problem: { code: "unknown-charset" },
    });
  });

  it("gives only texts that encode to the same bytes again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...LABELS), (raw, label) => {
        const bytes = Buffer.from(raw);
        const decoded = decodeText(bytes, label);
        if (!decoded.ok) return;
        expect(encodeText(decoded.value.text, decoded.value.charset)).toEqual(bytes);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("encodeText", () => {
  it("says that a character cannot be written", () => {
    expect(encodeText("é", "us-ascii")).toBeUndefined();
    expect(encodeText("П", "iso-8859-1")).toBeUndefined();
    expect(encodeText("П", "windows-1252")).toBeUndefined();
    expect(encodeText("\ud800", "utf-8")).toBeUndefined();
    expect(encodeText("x", "utf-7")).toBeUndefined();
  });
});

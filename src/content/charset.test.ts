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
  ])("reads %s", (label, bytes, text) => {
    expect(decodeText(Buffer.from(bytes), label)).toMatchObject({ ok: true, value: { text } });
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

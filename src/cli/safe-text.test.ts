import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { csvCell, safeJson, safeText } from "./safe-text.ts";

describe("safeText", () => {
  it("strips what moves the cursor or reorders the line", () => {
    expect(safeText("a\u001b[31mb\r\n\u009bc\u202ed\u2066e\u0000\u007f")).toBe("a[31mbcde");
  });
});

describe("safeJson", () => {
  it("gives the same value back, without a control in it", () => {
    assert(
      property(string({ unit: "binary" }), (text) => {
        const json = safeJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(safeText(json)).toBe(json);
      }),
    );
  });
});

describe("csvCell", () => {
  it.each(["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx"])(
    "keeps a spreadsheet from running %j",
    (text) => {
      expect(csvCell(text).replace(/^"/, "")).toMatch(/^'/);
    },
  );

  it("leaves numbers alone and quotes what would break the line", () => {
    expect(csvCell(-5)).toBe("-5");
    expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
    expect(csvCell("a\nb")).toBe('"a\nb"');
    expect(csvCell(null)).toBe("");
    expect(csvCell({ name: "x" })).toBe('"{""name"":""x""}"');
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applySplices } from "./splice.ts";

const BYTES = Buffer.from("abcdef");

describe("applySplices", () => {
  it("applies edits given in any order, in one pass", () => {
    const edits = [
      { start: 4, end: 6, bytes: "" },
      { start: 1, end: 1, bytes: Buffer.from("12") },
      { start: 1, end: 2, bytes: "X" },
    ];
    expect(applySplices(BYTES, edits).toString()).toBe("a12Xcd");
  });

  it("keeps those at one place in the order in which they come, few or many", () => {
    const edit = fc.record({
      start: fc.nat(6),
      bytes: fc.string({ maxLength: 3, unit: "grapheme-ascii" }),
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
        const insertions = edits.map(({ start, bytes }) => ({ start, end: start, bytes }));
        let expected = "";
        for (let at = 0; at <= BYTES.length; at += 1) {
          for (const { start, bytes } of edits) if (start === at) expected += bytes;
          expected += BYTES.toString("latin1", at, at + 1);
        }
        expect(applySplices(BYTES, insertions).toString("latin1")).toBe(expected);
      }),
    );
  });

  it("inserts before it replaces at the same place, in whatever order they come", () => {
    const at = 1;
    const edits = [
      { start: at, end: at + 1, bytes: "R" },
      { start: at, end: at, bytes: "1" },
      { start: at, end: at, bytes: "2" },
    ];
    const others = Array.from({ length: 40 }, () => ({ start: 0, end: 0, bytes: "" }));
    const expected = `${BYTES.toString("latin1", 0, at)}12R${BYTES.toString("latin1", at + 1)}`;
    expect(applySplices(BYTES, edits).toString("latin1")).toBe(expected);
    expect(applySplices(BYTES, [...edits, ...others]).toString("latin1")).toBe(expected);
  });

  it("throws when edits overlap", () => {
    const edits = [
      { start: 0, end: 3, bytes: "" },
      { start: 2, end: 4, bytes: "" },
    ];
    expect(() => applySplices(BYTES, edits)).toThrow("overlap");
  });

  it("throws on a character that would be cut to a line end", () => {
    expect(() => applySplices(BYTES, [{ start: 0, end: 0, bytes: "\u010d\u010a" }])).toThrow(
      "latin1",
    );
  });
});

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

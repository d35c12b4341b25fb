import { describe, expect, it } from "vitest";
import { readRichText } from "./rich-text.ts";

describe("readRichText", () => {
  it.each([
    ["plain words", "{\\rtf1\\ansi see this\\par there}", " see this\nthere"],
    ["bytes", "{\\rtf1 ht\\'74p:\\'2f\\'2fevil\\'2eexample}", "http://evil.example"],
    ["Unicode", "{\\rtf1 http\\u58?\\u47?\\u47?evil\\u46?com}", "http://evil.com"],
    ["runs", "{\\rtf1 ht{\\b tp}\\b0 ://ev\\-il.com}", "http://evil.com"],
    [
      "fields",
      '{\\field{\\*\\fldinst HYPERLINK "http://a.example"}}',
      'HYPERLINK "http://a.example"',
    ],
    ["literal signs", "\\{a\\\\b\\}", "{a\\b}"],
  ])("shows %s", (_, source, shown) => {
    expect(readRichText(source).trim()).toBe(shown.trim());
  });

  it("stays linear on hostile input", () => {
    const source = "\\u58?{\\b ".repeat(20_000);
    expect(readRichText(source)).toBe(":".repeat(20_000));
  });
});

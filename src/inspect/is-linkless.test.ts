import { assert, constantFrom, array, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { sourceText } from "../content/mapped-text.ts";
import { linkBudget, searchText } from "./find-links.ts";
import { isLinkless } from "./is-linkless.ts";

describe("isLinkless", () => {
  it.each([
    "",
    "See you at three.",
    "Well... The second one, and/or the third? 5 > 3!\r\n\tAbout 50 % of it.\n",
    "Do it today, add data",
    "www. ftp. user@host @ https",
  ])("takes %j for prose", (text) => {
    expect(isLinkless(text)).toBe(true);
  });

  it.each([
    "evil.example",
    "at three.See",
    "http:x",
    "//host",
    "\\\\host\\share",
    "evil[.]example",
    "evil(dot)example",
    "evil dot example",
    "evil DoT example",
    "h**p",
    "evil\u3002example",
    "caf\u00e9",
    "a\0b",
    "a.\u200bb",
    ".x",
  ])("leaves %j to the search", (text) => {
    expect(isLinkless(text)).toBe(false);
  });

  it("says so of no text in which the search finds something", () => {
    const pieces = constantFrom(
      ..."abdotx.:/\\ \t\r\n<>\"@_-()[]{}*,;?!#%&'|0".split(""),
      "www",
      "www.",
      "ftp.",
      "http",
      "evil",
      ".com",
      "dot",
      "..",
      "//",
      "@evil",
      "\u202e",
      "é",
      "。",
    );
    assert(
      property(array(pieces, { maxLength: 12 }), (words) => {
        const text = words.join("");
        if (!isLinkless(text)) return;
        expect(searchText(sourceText(text), text, linkBudget(1000, text.length), false)).toEqual(
          [],
        );
      }),
      { numRuns: 20_000 },
    );
  });
});

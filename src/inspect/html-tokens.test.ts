import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findHtmlLinks } from "./find-html-links.ts";
import { tokenizeHtml } from "./html-tokens.ts";

const SIZE = 131_072;

describe("tokenizeHtml", () => {
  it("cuts a long source as it cuts a short one, wherever its pieces part", () => {
    const piece = fc.constantFrom(
      ..."<a href='x' b c=\"d\" e>|</a f>|<!-- x -->|<![CDATA[|]]>|<!doctype html>|<script>|</script>|<style>|</style>|&amp;|&#x41|&not|in;|\r\n|\r|\n|é|\u{1f600}|text|<|>|</|<!-|--|\0|<title>|</title>".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.integer({ min: 0, max: 60 }),
        (pieces, back) => {
          const source = pieces.join("");
          const pad = "-".repeat(1_024 - back);
          const short = tokenizeHtml(`<i>${source}`).slice(1);
          const long = tokenizeHtml(`<!--${pad}--><i>${source}`).slice(2);
          const moved = pad.length + 7;
          expect(
            long.map((token) => ({
              ...token,
              start: token.start - moved,
              end: token.end - moved,
            })),
          ).toEqual(short);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe("findHtmlLinks", () => {
  it.each([
    ["attributes of one tag", (i: number) => `a${i.toString(36)} `],
    ["attributes with values", (i: number) => `a${i.toString(36)}=1 `],
  ])("takes little time for many %s, and finds the link behind them", (_, attribute) => {
    const names = Array.from({ length: SIZE / 8 }, (__, i) => attribute(i)).join("");
    for (const [tag, hosts] of [
      ["a", ["a.example"]],
      ["/a", []],
    ] as const) {
      const begin = process.cpuUsage();
      const search = findHtmlLinks(`<${tag} ${names}href=http://a.example/x>`, 1_000);
      expect(process.cpuUsage(begin).user / 1000).toBeLessThan(700);
      expect(search.links.map((link) => link.host)).toEqual(hosts);
    }
  });

  it("takes little time for many tokens without a reference before one at the end", () => {
    const begin = process.cpuUsage();
    findHtmlLinks("a<b>".repeat(SIZE / 4), 1_000);
    findHtmlLinks(`${"<!--a-->".repeat(SIZE / 8)}&amp;`, 1_000);
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(1_000);
  });
});

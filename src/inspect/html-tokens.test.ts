import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenizeByParse5 } from "../../test/support/parse5-tokens.ts";
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

describe("tokenizeHtml, beside parse5", () => {
  const piece = fc.constantFrom(
    ...(
      "<a href='x' b c=\"d\" e>|</a f>|<!-- x -->|<![CDATA[|]]>|<!doctype html>|<script>|</script>|<style>|</style>|&amp;|&#x41|&not|in;|" +
      "\r\n|\r|\n|é|\u{1f600}|text|<|>|</|<!-|--|\0|<title>|</title>|<b>|</b>|<i |a=\"|b='|\"|'| |=|/|/>|<br/>|<BR />|<textarea>|" +
      '</textarea>|<a:b>|<x-y>|</>|<?x|<p class="x>y">|a|z|<p é="1">|\t|\f|&|<SCRIPT>|</sTYLE |<!-->|<!--->|--!>'
    ).split("|"),
  );

  it("cuts as parse5 does that reads every character", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), fc.boolean(), (pieces, long) => {
        const source = (long ? "x".repeat(1015) : "") + pieces.join("");
        expect(tokenizeHtml(source)).toEqual(tokenizeByParse5(source));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("findHtmlLinks, of words with tags in them", () => {
  // a bracket anywhere has the torn text searched whatever stands in it
  it("finds the same where it does not look at each text node by itself", () => {
    const words = fc.constantFrom(
      ...'evil|.com|.|:|http://|www.|//| |\n|<b>|</b>|<br>|<!-- -->|dot| dot |@|&amp;|"|>|,|-|_|\u3002|中国|на|\u200b|\u202e|\u00a0|\u00ad|\uff0e|\u{1f600}|1.2.3.4|\\\\host\\x|é|mailto:'.split(
        "|",
      ),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (pieces) => {
        const source = pieces.join("");
        const [found, whole] = [source, `${source}\n(`].map((one) => findHtmlLinks(one, 1_000));
        expect(found?.links).toEqual(whole?.links);
        expect(found?.disarmed).toEqual(whole?.disarmed);
      }),
      { numRuns: 5_000 },
    );
  });

  it("takes little time for many tags in one place", () => {
    const begin = process.cpuUsage();
    findHtmlLinks(`${"a".repeat(SIZE / 2)}${"<b>".repeat(SIZE / 6)}&quot;`, 1_000);
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(1_000);
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

import { array, assert, constantFrom, property } from "fast-check";
import { linkifyit } from "linkify-it";
import { describe, expect, it } from "vitest";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import { findHtmlLinks } from "../inspect/find-html-links.ts";
import { findLinks } from "../inspect/find-links.ts";
import { inspectRequest } from "../inspect/inspect-request.ts";
import type { Inspection, TextPart } from "../inspect/inspection.ts";
import { LINK_STYLES, type LinkStyle } from "../policy/decision.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { linksReadOtherwise } from "../inspect/links-read-otherwise.ts";
import type { LinksIn } from "./disarm-links.ts";
import { rewriteTexts } from "./rewrite-texts.ts";

const LIMITS = {
  linksPerMessage: 1000,
  mimeDepth: 10,
  attachmentBytes: 100_000,
  textBytes: 100_000,
};

const linkify = linkifyit({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true });

function linksIn(text: string, markup: boolean, read?: TextPart): ReturnType<LinksIn> {
  const { links } = markup ? findHtmlLinks(text, 1000) : findLinks(text, 1000);
  return read === undefined ? links : [...links, ...linksReadOtherwise(text, read, links, 1000)];
}

function inspected(request: SipRequest): Inspection {
  const result = inspectRequest(request, LIMITS);
  if (!result.ok) throw new Error(`${result.problem.code}: ${request.body.toString()}`);
  return result.value;
}

/** The message with every link disarmed. */
function disarmed(request: SipRequest, style: LinkStyle): SipRequest {
  const inspection = inspected(request);
  const linkRewrites = inspection.links.map((_, link) => ({ link, style }));
  const edits = rewriteTexts(request, inspection, { linkRewrites, notices: [], linksIn });
  if (!edits.ok) throw new Error(edits.problem);
  return parsedBytes(applySplices(request.bytes, edits.value));
}

function textOf(text: string, style: LinkStyle, type = "text/plain"): string {
  return disarmed(messageRequest(text, { type: `${type};charset=utf-8` }), style).body.toString();
}

const ANCHOR = '<p>see <a href="http://evil.example/a?b&amp;c">http://evil.example/a</a></p>';

describe("the styles of disarmed links", () => {
  it.each<[LinkStyle, string]>([
    ["underscore", "at _https://Evil.example:80/a.b, _www.evil.com and _\\\\host\\share"],
    ["hxxp", "at hxxps[:]//Evil[.]example[:]80/a[.]b, www[.]evil[.]com and [\\\\]host\\share"],
    ["brackets", "at https[:]//Evil[.]example[:]80/a[.]b, www[.]evil[.]com and [\\\\]host\\share"],
    ["zero-link-token", "at [link 1], [link 2] and [link 3]"],
    ["remove", "at [link removed], [link removed] and [link removed]"],
  ])("%s, in plain text", (style, expected) => {
    const text = "at https://Evil.example:80/a.b, www.evil.com and \\\\host\\share";
    expect(textOf(text, style)).toBe(expected);
    // The library that most clients written in JavaScript find links with.
    expect(linkify.test(text)).toBe(true);
    expect(linkify.test(expected)).toBe(false);
  });

  it.each<[LinkStyle, string]>([
    ["underscore", ANCHOR.replaceAll("http:", "_http:")],
    [
      "hxxp",
      '<p>see <a href="hxxp[:]//evil[.]example/a?b&amp;c">hxxp[:]//evil[.]example/a</a></p>',
    ],
    [
      "brackets",
      '<p>see <a href="http[:]//evil[.]example/a?b&amp;c">http[:]//evil[.]example/a</a></p>',
    ],
    ["zero-link-token", '<p>see <a href="#link-1">[link 2]</a></p>'],
    ["remove", '<p>see <a href="#link-removed">[link removed]</a></p>'],
  ])("%s, in HTML", (style, expected) => {
    expect(textOf(ANCHOR, style, "text/html")).toBe(expected);
  });

  it("gives a link in disguise the underscore, whatever the style", () => {
    expect(textOf("ｈｔｔｐ://evil.example/", "hxxp")).toBe("_ｈｔｔｐ://evil.example/");
    expect(textOf("http://evil。example/", "brackets")).toBe("_http://evil。example/");
    const split = "<b>ht</b>tp://evil.example";
    expect(textOf(split, "hxxp", "text/html")).toBe(`<b>_ht</b>tp://evil.example`);
    expect(textOf("http://evil&#46;example", "brackets", "text/html")).toMatch(/^_/);
  });

  it("counts the same link once, and takes what lies inside another along", () => {
    const text =
      "http://a.example http://b.example HTTP://A.example http://c.example/http://d.example";
    expect(textOf(text, "zero-link-token")).toBe("[link 1] [link 2] [link 1] [link 3]");
    expect(textOf("http://c.example/http://d.example!", "remove")).toBe("[link removed]!");
  });

  it("gives all links the underscore where taking one out would leave another", () => {
    expect(textOf("evil.zip日javascript:alert(1)", "remove")).toBe(
      "_evil.zip日javascript:alert(1)",
    );
  });
});

const PIECES = [
  "http://evil.example/a.exe",
  "HTTPS:\\\\evil.example\\x",
  "http:/a.example",
  "www2.evil.com",
  "ftp.evil.example",
  "evil.zip",
  "mailto:a@evil.com",
  "tel:110",
  "data:text/html,x.y",
  "javascript:alert(1)",
  "//wiki/x",
  "//evil.com/a",
  "\\\\host\\share",
  "file:///c:/a.exe",
  "http://1.2.3.4:8080/",
  "http://[::1]/a",
  "http://user@evil.example/?u=http://b.example/www.c.com",
  "ｈｔｔｐ://evil.example",
  "evil。com",
  "http://evil%2eexample/",
  "hxxp://evil.example",
  "http://xn--e1afmkfd.example/päth/日本.html",
  "e\u0301vil.com",
  "_",
  " ",
  "\n",
  ".",
  ":",
  "(",
  ")",
  "[",
  "]",
  "/",
  "\\",
  "@",
  "x",
  "日",
  ",",
  "'",
  "*",
];

const MARKUP = [
  ...PIECES.map((piece) => piece.replaceAll("<", "&lt;")),
  '<a href="http://evil.example/a">',
  "<a href=//evil.com/x>",
  "<a href='www.evil.com'>",
  '<a href="evil.html">',
  '<img srcset="http://a.example/1 1x, http://b.example/2 2x">',
  '<p style="background:url(http://evil.example/a)">',
  "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
  "</a>",
  "<b>",
  "</b>",
  "<br>",
  "&#104;ttp://evil.example",
  "&amp;",
  "&period;",
  "<!-- http://c.example -->",
];

describe("judging the outgoing bytes again", () => {
  it.each(LINK_STYLES)("finds no link where one was disarmed: %s", (style) => {
    assert(
      property(array(constantFrom(...PIECES), { maxLength: 8 }), (pieces) => {
        const request = messageRequest(pieces.join(""));
        const once = disarmed(request, style);
        expect(inspected(once).links.map((link) => link.raw)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it.each(LINK_STYLES)("finds none in HTML either: %s", (style) => {
    assert(
      property(array(constantFrom(...MARKUP), { maxLength: 8 }), (pieces) => {
        const request = messageRequest(pieces.join(""), { type: "text/html;charset=utf-8" });
        const once = disarmed(request, style);
        expect(inspected(once).links.map((link) => link.raw)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("lets a second gateway of another style change nothing", () => {
    assert(
      property(
        array(constantFrom(...PIECES), { maxLength: 8 }),
        constantFrom(...LINK_STYLES),
        constantFrom(...LINK_STYLES),
        (pieces, first, second) => {
          const once = disarmed(messageRequest(pieces.join("")), first);
          expect(disarmed(once, second).bytes.equals(once.bytes)).toBe(true);
        },
      ),
    );
  });
});

describe("a text that is read in several ways", () => {
  const STYLES = ["underscore", "hxxp", "brackets", "zero-link-token", "remove"] as const;
  const GLUED = [
    ["text/plain", "see ftp://localhost; or http://localhost/"],
    [
      "text/plain",
      '<a href="http://a.example/">http://b.example/</a> tel:123&#46;tel:123&lt;&sol;',
    ],
    ["text/plain", ")_&#x68;ttp://sip:a@b.com</b>%2e<img src="],
    ["text/plain", "mailto:mailto:</a>+javascript:alert(1)"],
    ["text/plain;charset=iso-8859-1", "\u00e9data:text/html,x and sch\u00f6n: http://a.example/"],
    ["text/plain;charset=iso-8859-1", "</style>\uff45\u00e9\\\\h\\s%2eftp://a.example/<b>"],
  ] as const;

  it.each(STYLES)("has no link left in any reading, in the style %s, or is refused", (style) => {
    for (const [type, text] of GLUED) {
      const request = messageRequest(text, { type });
      const inspection = inspected(request);
      const linkRewrites = inspection.links.map((_, link) => ({ link, style }));
      const edits = rewriteTexts(request, inspection, { linkRewrites, notices: [], linksIn });
      if (!edits.ok) continue;
      const again = inspected(parsedBytes(applySplices(request.bytes, edits.value)));
      expect([text, ...again.links.map(({ raw }) => raw)]).toEqual([text]);
    }
  });

  it("is still rewritten where its links are the same in every reading", () => {
    const text = "sch\u00f6n: <b>http://a.example/</b>";
    for (const charset of ["utf-8", "iso-8859-1"])
      expect(
        disarmed(
          messageRequest(text, { type: `text/plain;charset=${charset}` }),
          "underscore",
        ).body.toString(),
      ).toBe("sch\u00f6n: <b>_http://a.example/</b>");
  });
});

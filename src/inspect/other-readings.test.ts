import { describe, expect, it } from "vitest";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks } from "./find-links.ts";
import { newLinks, readingsOf } from "./other-readings.ts";

describe("readingsOf", () => {
  it.each([
    ["1 < 2 && 3 > 2, see http://a.example/?b=1&c=2", 1],
    ["I <3 you, R&D & AT&T; really", 1],
    ["<b>bold</b>", 2],
    ["a&#46;b", 2],
    ["a&#46b", 2],
    ["a&period;b", 2],
  ])("reads %s in %i ways", (text, count) => {
    expect(readingsOf("text/plain", text, [], false)).toHaveLength(count);
    expect(readingsOf("text/html", text, [], true)).toHaveLength(1);
  });
});

describe("newLinks", () => {
  const others = (found: ReturnType<typeof findLinks>, text: string, inPlace: boolean) =>
    newLinks({ ...found, text }, { ...findLinks(text, 100), text }, { inPlace }).map(
      ({ host }) => host,
    );

  const inUtf8 = (latin1: string) => Buffer.from(latin1, "latin1").toString("utf8");

  it.each([
    ["\xd1\x80 http://a.example/", []],
    ["\xc3\xa9http://a.example/", ["a.example"]],
    ["http://a.example/ \xd1\x80http://a.example/", ["a.example"]],
  ])("keeps a link that would not be plain behind a mark: %j", (text, kept) => {
    const utf8 = inUtf8(text);
    const first = { ...findLinks(text, 100), text };
    const links = newLinks({ ...findLinks(utf8, 100), text: utf8 }, first, { inPlace: false });
    expect(links.map(({ host }) => host)).toEqual(kept);
  });

  it("keeps one in the same place that leads elsewhere", () => {
    const text = "http://a.example&#47;b.example/ http://c.example/?d=1&amp;e=2";
    expect(others(findHtmlLinks(text, 100), text, true)).not.toContain("c.example");
    const program = "http://a.example/b&#46;exe";
    expect(others(findHtmlLinks(program, 100), program, true)).toEqual(["a.example"]);
  });
});

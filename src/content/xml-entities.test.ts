import { describe, expect, it } from "vitest";
import { hasEntityBomb } from "./xml-entities.ts";

function bomb(text: string): boolean {
  return hasEntityBomb(Buffer.from(text));
}

const CHAIN = Array.from({ length: 9 }, (_, i) => {
  return `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`;
}).join("");

describe("hasEntityBomb", () => {
  it.each([
    ["entities of entities", `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">${CHAIN}]><a/>`],
    [
      "the same behind a comment",
      `<!--${"x".repeat(20_000)}--><!DOCTYPE a [<!ENTITY l0 "ha">${CHAIN}]>`,
    ],
    [
      "parameter entities",
      `<!DOCTYPE a [<!ENTITY % l0 'ha'>${CHAIN.replaceAll("ENTITY ", "ENTITY % ").replaceAll("&", "%")}]>`,
    ],
    ["one that refers to itself", `<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>`],
    [
      "a long one, often",
      `<!DOCTYPE a [<!ENTITY a "${"x".repeat(9000)}">]><a>${"&a;".repeat(1000)}</a>`,
    ],
  ])("knows %s", (_, text) => {
    expect(bomb(text)).toBe(true);
    expect(hasEntityBomb(Buffer.from(text, "utf16le"))).toBe(true);
  });

  it.each([
    ["none", "<a>&amp;&lt;</a>"],
    ["a few", `<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;"/>`],
    ["what is no XML", `\u00ca\u00fe<!ENTITY l0 "ha">${CHAIN}`],
    ["words", "Write <!ENTITY name and a value behind it."],
    ["external ones", `<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>`],
  ])("leaves %s alone", (_, text) => {
    expect(bomb(text)).toBe(false);
  });

  it("takes little time, whatever stands there", () => {
    const begin = performance.now();
    for (const piece of ["<!ENTITY ", '<!ENTITY a "', "<!ENTITY a '&a", "&a;"]) {
      bomb(`<!ENTITY a "b">${piece.repeat(64 * 1024)}`);
    }
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

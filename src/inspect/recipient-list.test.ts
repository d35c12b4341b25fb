import { describe, expect, it } from "vitest";
import { normalizeFileName } from "../content/file-name.ts";
import type { Attachment } from "./inspection.ts";
import { readRecipients } from "./recipient-list.ts";

function listed(xml: string | Buffer, declaredType = "application/resource-lists+xml") {
  const bytes = typeof xml === "string" ? Buffer.from(xml) : xml;
  const attachment = { name: normalizeFileName(""), declaredType, bytes } as Attachment;
  const read = readRecipients([attachment]);
  return read.ok ? read.value : read.problem.code;
}

function around(entries: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists" xmlns:cp="urn:ietf:params:xml:ns:copycontrol">
  <list>${entries}</list></resource-lists>`;
}

describe("readRecipients", () => {
  it("gives everybody whom the list of RFC 5365 names, each once", () => {
    const entries = `
    <entry uri="sip:bill@example.com" cp:copyControl="to" />
    <entry cp:copyControl='cc' uri='sip:joe@example.org'><display-name>Joe &amp; Co</display-name></entry>
    <list name="more"><entry uri="sip:bill@example.com"/><rl:entry uri="sip:a&#38;b@x.example"/></list>`;
    expect(listed(around(entries))).toEqual([
      "sip:bill@example.com",
      "sip:joe@example.org",
      "sip:a&b@x.example",
    ]);
  });

  it("looks at no other part", () => {
    expect(listed("<entry", "application/xml")).toEqual([]);
  });

  it.each([
    ["a comment", '<!-- <entry uri="sip:a@x"/> --><entry uri="sip:b@x"/>'],
    ["CDATA", '<![CDATA[<entry uri="sip:a@x"/>]]><entry uri="sip:b@x"/>'],
    ["a list kept elsewhere", '<external anchor="http://x/y"/><entry uri="sip:b@x"/>'],
    ["an entry kept elsewhere", '<entry-ref ref="a/b"/><entry uri="sip:b@x"/>'],
    ["an entity of its own", '<entry uri="sip:&who;@x"/>'],
    ["a broken tag", '<entry uri="sip:b@x"/><entry uri="sip:c@x>'],
    ["nobody", ""],
    [
      "more than a hundred",
      Array.from({ length: 101 }, (_, n) => `<entry uri="sip:u${n}@x"/>`).join(""),
    ],
  ])("refuses %s", (_what, entries) => {
    expect(listed(around(entries))).toBe("recipient-list");
  });

  it("refuses what may be read in another encoding, and a document type", () => {
    const one = '<entry uri="sip:b@x"/>';
    expect(listed(around(one).replace("UTF-8", "UTF-7"))).toBe("recipient-list");
    expect(listed(Buffer.from(around(one), "utf16le"))).toBe("recipient-list");
    expect(
      listed(around(one).replace("<resource", '<!DOCTYPE r [<!ENTITY w "a">]><resource')),
    ).toBe("recipient-list");
  });

  it("takes no longer for a hostile list than for an honest one", () => {
    const hostile = `<entry ${"a='' ".repeat(50_000)}`;
    expect(listed(hostile)).toBe("recipient-list");
    expect(listed("<".repeat(200_000))).toBe("recipient-list");
  });
});

import { describe, expect, it } from "vitest";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { contentDigest } from "./content-digest.ts";
import { createMarks, MARK_LIFETIME_MS } from "./mark.ts";

const MARKS = createMarks(Buffer.alloc(32, 7));
const NOW = 1_800_000_000_000;

function marked(request: SipRequest, splices: readonly Splice[] = []): SipRequest {
  return parsedBytes(
    applySplices(request.bytes, [
      ...splices,
      MARKS.add(request, contentDigest(request, splices), NOW),
    ]),
  );
}

function edited(request: SipRequest, from: string | RegExp, to: string): SipRequest {
  return parsedBytes(Buffer.from(request.bytes.toString("latin1").replace(from, to), "latin1"));
}

describe("createMarks", () => {
  const request = messageRequest("hello bob");

  it("knows its own mark again, also when the Request-URI was replaced and hops were added", () => {
    const routed = edited(marked(request), "sip:bob@example.com SIP", "sip:bob@192.0.2.9:1234 SIP");
    const hopped = edited(routed, "Via:", "Via: SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKx\r\nVia:");
    expect(MARKS.read(hopped, NOW + 5000)).toEqual({ words: undefined });
  });

  it("covers the body as it goes out after our own edits", () => {
    const splices = [{ start: request.bodyStart, end: request.bytes.length, bytes: "hello eve" }];
    expect(MARKS.read(marked(request, splices), NOW)).toEqual({ words: undefined });
  });

  it.each([
    ["the body", "hello bob", "hello eve"],
    ["the content type", "text/plain", "text/html "],
    ["the Call-ID", "call-1@", "call-2@"],
    ["the CSeq", "7 MESSAGE", "8 MESSAGE"],
    ["the sender", "alice@example.com>", "mallo@example.com>"],
    ["the recipient", "To: <sip:bob", "To: <sip:rob"],
    ["the From tag", "tag=a1", "tag=a2"],
    ["the mark", /(Sluice-Mark: \S+)./, "$1_"],
  ])("refuses a mark when %s was changed", (_, from, to) => {
    expect(MARKS.read(edited(marked(request), from, to), NOW)).toBeUndefined();
  });

  it("refuses a mark that is too old, from the future, of another key, or one of two", () => {
    const good = marked(request);
    expect(MARKS.read(good, NOW + MARK_LIFETIME_MS)).toEqual({ words: undefined });
    expect(MARKS.read(good, NOW + MARK_LIFETIME_MS + 1000)).toBeUndefined();
    expect(MARKS.read(good, NOW - 2000)).toBeUndefined();
    expect(createMarks(Buffer.alloc(32, 8)).read(good, NOW)).toBeUndefined();
    const twice = edited(good, /(Sluice-Mark: [^\r]*\r\n)/, "$1$1");
    expect(MARKS.read(twice, NOW)).toBeUndefined();
    expect(MARKS.read(request, NOW)).toBeUndefined();
  });

  it("carries the words of a refusal, which nobody else can put in or take out", () => {
    const digest = contentDigest(request, []);
    const refused = applySplices(request.bytes, [MARKS.add(request, digest, NOW, "d29yZHM")]);
    const message = parsedBytes(refused);
    expect(MARKS.read(message, NOW)).toEqual({ words: "d29yZHM" });
    expect(MARKS.read(edited(message, "d29yZHM", "d29yZHN"), NOW)).toBeUndefined();
    expect(MARKS.read(edited(message, /2\.(\w+)\.d29yZHM/, "1.$1"), NOW)).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import { HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { parseDatagram } from "./parse-message.ts";

const LIMITS = { maxHeadBytes: 100_000, maxHeaderCount: 50, maxBodyBytes: 1_000 };

function read(...more: readonly string[]): SipMessage {
  const lines = [
    "OPTIONS sip:bob@example.com SIP/2.0",
    "v: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa1",
    'f: "J\u00fcrgen" <sip:j@example.com>;Tag=1',
    't: <sip:bob@example.com>;x="tag=no";tag=22',
    "i: abc",
    "CSEQ: 0007   OPTIONS",
    ...more,
    "l: 0",
  ];
  const result = parseDatagram(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "utf8"), LIMITS);
  if (!result.ok) throw new Error(result.problem.code);
  return result.value;
}

describe("SipMessage", () => {
  it("finds fields by number in compact form and any case", () => {
    const message = read("vIA: SIP/2.0/UDP 192.0.2.11");
    expect(message.count(HeaderId.Via)).toBe(2);
    expect(message.find(HeaderId.Via, 1)).toBe(5);
    expect(message.find(HeaderId.Route)).toBe(-1);
    expect(message.nameAt(5)).toBe("vIA");
    expect(message.idAt(0)).toBe(HeaderId.Via);
  });

  it("finds fields by name", () => {
    const message = read("X-Thing: 1", "x-THING: 2");
    expect([message.findName("x-thing"), message.findName("x-thing", 6)]).toEqual([5, 6]);
    expect(message.findName("x-other")).toBe(-1);
  });

  it("reads tags, CSeq and Call-ID", () => {
    expect(read()).toMatchObject({
      fromTag: "1",
      toTag: "22",
      callId: "abc",
      cseq: { number: 7, method: "OPTIONS" },
    });
  });

  it("gives values as bytes and as UTF-8", () => {
    const message = read();
    expect(message.valueAt(1)).toContain("J\u00c3\u00bcrgen");
    expect(message.utf8At(1)).toContain("J\u00fcrgen");
  });

  it("gives a folded value with one blank for each fold, and its whole range", () => {
    const message = read("Subject:  a \t", "  b", "\tc ", "Organization: d");
    expect(message.value(HeaderId.Subject)).toBe("a b c");
    const raw = message.bytes.toString("latin1");
    expect(raw.slice(message.valueStart(5), message.valueEnd(5))).toBe("a \t\r\n  b\r\n\tc");
    expect(raw.slice(message.lineStart(5), message.lineEnd(5))).toBe(
      "Subject:  a \t\r\n  b\r\n\tc \r\n",
    );
  });

  it("has lines that follow one another without a gap", () => {
    const message = read("Subject: a", " b");
    let at = "OPTIONS sip:bob@example.com SIP/2.0\r\n".length;
    for (let i = 0; i < message.headerCount; i++) {
      expect(message.lineStart(i)).toBe(at);
      at = message.lineEnd(i);
    }
    expect(message.bodyStart).toBe(at + 2);
  });

  it("reads a large head the same way", () => {
    const message = read(`Subject: ${"x".repeat(50_000)}`);
    expect(message.value(HeaderId.Subject)).toHaveLength(50_000);
    expect(message.callId).toBe("abc");
  });
});

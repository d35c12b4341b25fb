import { describe, expect, it } from "vitest";
import { canonicalSplices } from "./canonical.ts";
import { HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { parseDatagram } from "./parse-message.ts";
import { applySplices } from "./splice.ts";

function read(...lines: readonly string[]): SipMessage {
  const head = [
    "MESSAGE sip:b SIP/2.0",
    "v: SIP/2.0/UDP a",
    "f: <sip:a@b>",
    "t: <sip:a@b>",
    "i: 1",
  ];
  const bytes = Buffer.from([...head, ...lines, "l: 2", "", "ab"].join("\r\n"));
  const result = parseDatagram(bytes, { maxHeadBytes: 9_999, maxHeaderCount: 99, maxBodyBytes: 9 });
  if (!result.ok) throw new Error(result.problem.code);
  return result.value;
}

function canonical(...lines: readonly string[]): string {
  const message = read(...lines);
  return applySplices(message.bytes, canonicalSplices(message)).toString("latin1");
}

describe("canonicalSplices", () => {
  it("has nothing to do for an ordinary message", () => {
    expect(canonicalSplices(read("CSeq: 1 MESSAGE"))).toEqual([]);
  });

  it("removes blanks before colons", () => {
    expect(canonical("CSeq \t: 1 MESSAGE", "X : y")).toContain("CSeq: 1 MESSAGE\r\nX: y\r\n");
  });

  it("unfolds the fields that decide what a message says", () => {
    const text = canonical("CSeq: 1", "\t MESSAGE", "c:", " text/html ", "  ;charset=utf-8 ");
    expect(text).toContain("CSeq: 1 MESSAGE\r\n");
    expect(text).toContain("c: text/html ;charset=utf-8");
  });

  it("leaves the folds of other fields", () => {
    expect(canonical("CSeq: 1 MESSAGE", "Subject: a", " b")).toContain("Subject: a\r\n b\r\n");
  });

  it("gives a message that reads the same and has nothing left to do", () => {
    const before = read("CSeq : 1", " MESSAGE", "Content-Type : ", " text/plain");
    const result = parseDatagram(applySplices(before.bytes, canonicalSplices(before)), {
      maxHeadBytes: 9_999,
      maxHeaderCount: 99,
      maxBodyBytes: 9,
    });
    if (!result.ok) throw new Error(result.problem.code);
    expect(canonicalSplices(result.value)).toEqual([]);
    expect(result.value.value(HeaderId.ContentType)).toBe("text/plain");
    expect(result.value.cseq).toEqual(before.cseq);
  });

  it("keeps out of the way of other edits", () => {
    const message = read("CSeq: 1 MESSAGE", "Content-Type :", " text/plain");
    const i = message.find(HeaderId.ContentType);
    const edit = {
      start: message.lineStart(i),
      end: message.lineEnd(i),
      bytes: "c: text/html\r\n",
    };
    const splices = [...canonicalSplices(message, [edit]), edit];
    expect(applySplices(message.bytes, splices).toString()).toContain(
      "MESSAGE\r\nc: text/html\r\nl: 2",
    );
  });
});

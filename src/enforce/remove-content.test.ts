import { describe, expect, it } from "vitest";
import { messageRequest, parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { removeContent } from "./remove-content.ts";

function emptied(request: SipRequest): string {
  const bytes = applySplices(request.bytes, removeContent(request, "Nothing to see."));
  // It can be read again, with a right Content-Length.
  return parsedBytes(bytes).bytes.toString("latin1");
}

describe("removeContent", () => {
  it("leaves a sentence in a MESSAGE, and everything else that is not about its content", () => {
    const request = messageRequest("http://evil.example/a.exe", {
      type: "text/html;charset=utf-16",
      extra: [
        "Content-Disposition: attachment; filename=a.exe",
        "e: gzip",
        "Content-Language: de",
        "Content-Transfer-Encoding: base64",
        "Ms-Text-Format: text/plain;ms-body=eA==",
        "X-Content-Foo: kept",
        "Subject: kept",
      ],
    });
    const was = request.bytes.toString("latin1");
    const head = was
      .slice(0, was.indexOf("\r\n\r\n"))
      .split("\r\n")
      .filter((line) => !/^(?:Content-(?:D|La|T.*base)|e:|Ms-Text)/.test(line))
      .join("\r\n")
      .replace("text/html;charset=utf-16", "text/plain;charset=UTF-8")
      .replace("Content-Length: 25", "Content-Length: 15");
    expect(emptied(request)).toBe(`${head}\r\n\r\nNothing to see.`);
  });

  it("leaves an INVITE without a body, its first text included", () => {
    const request = parsedRequest(
      [
        "INVITE sip:bob@example.com SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
        "From: <sip:alice@example.com>;tag=a1",
        "To: <sip:bob@example.com>",
        "Call-ID: c",
        "CSeq: 1 INVITE",
        "ms-text-format: text/plain;ms-body=eA==",
        "Content-Type: application/sdp",
      ],
      "v=0\r\n",
    );
    const out = emptied(request);
    expect(out).toMatch(/CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n$/);
  });

  it("adds no field that was not there", () => {
    const request = parsedRequest(
      messageRequest("").bytes.toString("latin1").split("\r\n").slice(0, 7),
      "untyped",
    );
    expect(emptied(request)).toMatch(/CSeq: 7 MESSAGE\r\nContent-Length: 0\r\n\r\n$/);
  });
});

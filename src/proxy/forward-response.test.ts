import { describe, expect, it } from "vitest";
import { SipResponse } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { forwardedResponse } from "./forward-response.ts";

const LIMITS = { maxHeadBytes: 10_000, maxHeaderCount: 100, maxBodyBytes: 10_000 };

function responseOf(lines: readonly string[], body = ""): SipResponse {
  const parsed = parseDatagram(Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`), LIMITS);
  if (!parsed.ok || !(parsed.value instanceof SipResponse)) throw new Error("not a response");
  return parsed.value;
}

const OWN_VIA = "Via: SIP/2.0/TCP 192.0.2.5:5060;branch=z9hG4bKown";
const REST = [
  "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKclient",
  "From: <sip:alice@example.com>;tag=a",
  "To: <sip:bob@example.com>;tag=b",
  "Call-ID: c1",
];

describe("forwardedResponse", () => {
  it("takes our Via off and leaves every other byte", () => {
    const rest = [...REST, "CSeq:   1   MESSAGE", "X-Folded: a,\r\n  b", "l: 0"];
    const response = responseOf(["SIP/2.0 200 Fine", OWN_VIA, ...rest]);
    expect(
      forwardedResponse(response, [], { overStream: true, keepIdentity: true }).toString(),
    ).toBe(`SIP/2.0 200 Fine\r\n${rest.join("\r\n")}\r\n\r\n`);
  });

  it("writes a length that two readers could see or miss in the one form that all see", () => {
    const lines = ["SIP/2.0 200 OK", OWN_VIA, ...REST, "CSeq: 1 MESSAGE", "Content-Length \t: 2"];
    const out = forwardedResponse(responseOf(lines, "ok"), [], {
      overStream: true,
      keepIdentity: true,
    }).toString();
    expect(out).toContain("\r\nContent-Length: 2\r\n\r\nok");
  });
});

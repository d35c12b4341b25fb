import { describe, expect, it } from "vitest";
import { messageRequest, parsedRequest } from "../../test/support/parsed-request.ts";
import { refuse } from "./refusal.ts";

const WORDS = {
  respond: undefined,
  text: "Link not permitted",
  incident: "INC-ABCD1234",
  agent: "gw.example.com",
  cookie: undefined,
};

const INVITE = [
  "INVITE sip:bob@example.com SIP/2.0",
  "Via: SIP/2.0/TCP 192.0.2.1:5060",
  "From: <sip:alice@example.com>;tag=a1",
  "To: <sip:bob@example.com>",
  "Call-ID: call-2@example.com",
  "CSeq: 1 INVITE",
];

describe("refuse", () => {
  it("answers 403 with Warning 399 and the incident to a standard client", () => {
    const refusal = refuse(messageRequest("x"), WORDS);
    expect(refusal.status).toBe(403);
    expect(refusal.headers).toEqual([
      { name: "Warning", value: '399 gw.example.com "Link not permitted. Ref INC-ABCD1234"' },
    ]);
    expect(refusal.body).toBeUndefined();
  });

  it.each([
    ["epid in From", messageRequest("x", { from: "<sip:a@example.com>;tag=1;epid=0a0b" })],
    ["an invitation", messageRequest("x", { type: "text/x-msmsgsinvite; charset=UTF-8" })],
    ["ms-text-format", parsedRequest([...INVITE, "MS-Text-Format: text/plain;ms-body=eA=="])],
    [
      "m=x-ms-message",
      parsedRequest(
        [...INVITE, "Content-Type: application/sdp"],
        "v=0\r\nm=x-ms-message 5060 sip null\r\n",
      ),
    ],
    [
      "m=message … sip null",
      parsedRequest(
        [...INVITE, "Content-Type: application/sdp"],
        "v=0\r\nm=message 5060 sip null\r\n",
      ),
    ],
  ])(
    "answers 606 with Warning 309 and ms-diagnostics where the request carries %s",
    (_, request) => {
      const refusal = refuse(request, WORDS);
      expect(refusal.status).toBe(606);
      expect(refusal.headers.map((header) => header.name)).toEqual(["Warning", "ms-diagnostics"]);
      expect(refusal.headers[0]?.value).toMatch(/^309 gw\.example\.com ".*Ref INC-ABCD1234"$/);
    },
  );

  it("gives the cookie of a refused invitation back, so that its window closes", () => {
    const request = messageRequest("x", { type: "text/x-msmsgsinvite" });
    const { body } = refuse(request, { ...WORDS, cookie: "513756658" });
    expect(body?.bytes.toString()).toBe(
      "Invitation-Command: CANCEL\r\nInvitation-Cookie: 513756658\r\nCancel-Code: FAIL\r\n",
    );
  });

  it("uses the status of the rule", () => {
    expect(refuse(messageRequest("x"), { ...WORDS, respond: 413 }).status).toBe(413);
  });

  it("lets no rule text end the header or its quotes", () => {
    const text = 'a "quoted" back\\slash\r\nX-Evil: 1';
    const [warning] = refuse(messageRequest("x"), { ...WORDS, text }).headers;
    expect(warning?.value).toBe(
      '399 gw.example.com "a \\"quoted\\" back\\\\slash  X-Evil: 1. Ref INC-ABCD1234"',
    );
  });
});

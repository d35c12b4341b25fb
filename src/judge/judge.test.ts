import { describe, expect, it } from "vitest";
import { INTERNAL } from "../../test/support/internal-hearing.ts";
import { shippedPolicy } from "../../test/support/shipped-policy.ts";
import { messageRequest, parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import { inlineTestSettings } from "../assembly/judge-settings.ts";
import { carryOut } from "./carry-out.ts";
import { judge, mayInvite } from "./judge.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";

const SETTINGS = inlineTestSettings([]);

const POLICY = shippedPolicy();

/** Under the shipped rules: what becomes of the request, and what goes out. */
function outcomeOf(request: SipRequest): { readonly kind: string; readonly text: string } {
  const judgement = judge(request, INTERNAL, POLICY, SETTINGS);
  const verdict =
    judgement.kind === "decided"
      ? judgement.verdict
      : judgement.decide(judgement.attachments.map((one) => SETTINGS.scan(one.bytes)));
  const outcome = carryOut(request, INTERNAL, verdict, { incident: "INC-00000000", agent: "gw" });
  if (outcome.kind === "refuse") return { kind: "refused", text: "" };
  const out = parsedBytes(applySplices(request.bytes, outcome.splices));
  return { kind: outcome.splices.length === 0 ? "passed" : "changed", text: out.body.toString() };
}

function sentAs(type: string, body: string): string {
  return outcomeOf(messageRequest(body, { type })).kind;
}

/** An INVITE with one media line. */
function inviteWith(line: string): SipRequest {
  const head = [
    "INVITE sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
    "From: <sip:alice@example.com>;tag=a1",
    "To: <sip:bob@example.com>",
    "Call-ID: c1",
    "CSeq: 1 INVITE",
    "Content-Type: application/sdp",
  ];
  const session = "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0";
  return parsedRequest(head, `${session}\r\n${line}\r\n`);
}

describe("judge and carryOut under the shipped rules", () => {
  it.each([
    "\uFF3Fhttp://evil.example",
    "\uFE4Fhttp://evil.example",
    "_\u200bhttp://evil.example",
    "_\u00adwww.evil.example",
  ])("is not taken in by a marker that only looks like ours: %j", (text) => {
    const { kind, text: out } = outcomeOf(messageRequest(text));
    expect(kind).toBe("changed");
    expect(out).toMatch(/_(?:http|www)/);
  });

  it.each([
    "<b>_</b>http://evil.example",
    "_<span>http://evil.example/a</span>",
    "_<wbr>www.evil.example",
  ])("is not taken in by a marker in another text node: %s", (html) => {
    expect(sentAs("text/html", html)).toBe("changed");
  });

  it.each([
    ["text/htmlx", "<a href='&#104;ttp://evil.example/x'>x</a>"],
    ["text/x-msrtc-rtf", "{\\rtf1 ht\\'74p:\\'2f\\'2fevil.example}"],
    ["text/plain", "{\\rtf1 ht\\'74p:\\'2f\\'2fevil.example}"],
    ["text/rtf", "{\\rtf1 ht\\'74p:\\'2f\\'2fevil.example}"],
    ["application/rtf", "{\\rtf1 http://evil.example}"],
    ["text/vcard", "BEGIN:VCARD\r\nURL:http://evil.example\r\nEND:VCARD"],
    ["text/xml", '<?xml version="1.0"?><a href="http://evil.example"/>'],
    ["image/svg+xml", "<svg><a href='http://evil.example/a'>x</a></svg>"],
    ["application/octet-stream", "MZ\x90\0"],
  ])("refuses what it cannot disarm: %s %j", (type, body) => {
    expect(sentAs(type, body)).toBe("refused");
  });

  it.each([
    "_http://evil.example/a.exe",
    "see __http://evil.example/a.exe",
    "_www.evil.example/a.exe",
  ])("refuses a link to a program that its sender disarmed himself: %s", (text) => {
    expect(outcomeOf(messageRequest(text)).kind).toBe("refused");
  });

  it("leaves a link alone that is disarmed already", () => {
    expect(outcomeOf(messageRequest("_http://evil.example/page")).kind).toBe("passed");
  });

  it("refuses ASCII that is called UTF-16", () => {
    expect(sentAs("text/plain; charset=utf-16le", "see http://evil.example/ok!!")).toBe("refused");
  });

  it("passes rich text without a link as it came", () => {
    expect(sentAs("text/rtf", "{\\rtf1 hello {\\b bob}}")).toBe("passed");
  });

  it.each([
    "http://e.example/a.exe\u3002\u8c22\u8c22",
    "http://e.example/a.exe\u2026thanks",
    "http://e.example/a.exe\u200bfoo",
    "http://e.example/a.exe\u201d.txt",
  ])("refuses a link to a program whatever is glued to it: %j", (text) => {
    expect(outcomeOf(messageRequest(text)).kind).toBe("refused");
  });

  it.each(["=?gb2312?B?YS5leGU=?=", "=?utf-8?Q?a=2E exe?=", "x.exe;.jpg", "x.jpg:evil.exe"])(
    "refuses an attachment called %s",
    (name) => {
      const extra = [`Content-Disposition: attachment; filename="${name}"`];
      const type = "application/octet-stream";
      expect(outcomeOf(messageRequest("data", { type, extra })).kind).toBe("refused");
    },
  );

  it.each([
    "m=audio 9 TCP/MSRP *",
    "m=message 5060 sip null\r\na=path:msrp://192.0.2.1:9/x;tcp",
    "m=x-ms-message 5060 TCP/MSRP null",
    "m=audio 9 UDP/DTLS/SCTP webrtc-datachannel",
  ])("refuses media that may carry files, whatever it calls itself: %j", (line) => {
    expect(outcomeOf(inviteWith(line)).kind).toBe("refused");
  });

  it.each([
    "m=audio 4000 RTP/AVP 0",
    "m=audio 4000 RTP/AVP 0\r\na=tcap:1 RTP/SAVP",
    "m=video 4000 RTP/SAVPF 96",
    "m=audio 4000 UDP/TLS/RTP/SAVPF 111",
    "m=audio 4000 TCP/RTP/SAVP 97",
    "m=image 4000 udptl t38",
    "m=text 4000 RTP/AVP 98",
    "m=application 4000 UDP/BFCP *",
    "m=application 4000 RTP/AVP 100",
  ])("lets a call pass: %j", (line) => {
    expect(outcomeOf(inviteWith(line)).kind).toBe("passed");
  });
});

describe("judge, where odd messages may pass", () => {
  const odd = { ...SETTINGS, onParseProblem: "allow" } as const;

  function actionOn(type: string, body: string | Buffer): string | undefined {
    const judgement = judge(messageRequest(body, { type }), INTERNAL, POLICY, odd);
    return judgement.kind === "decided" ? judgement.verdict.action : undefined;
  }

  it("lets a text pass that it cannot read", () => {
    expect(actionOn("text/plain; charset=x-unheard-of", "hello")).toBe("allow");
  });

  it.each([
    ["text/x-msmsgsinvite", "Invitation-Command: ACCEPT\r\nIP-Address: 10.0.0.1\r\nxx\r\n"],
    ["Text/X-MsMsgsInvite; charset=x-unheard-of", "Invitation-Command: ACCEPT\r\n"],
    [
      'multipart/mixed; boundary="b"',
      "--b\r\nContent-Type: text/x-msmsgsinvite\r\n\r\nxx\r\n--b--\r\n",
    ],
    [
      "text/x-msmsgsinvite",
      `Invitation-Command: INVITE\r\nApplication-File: ${"a".repeat(9000)}\r\n`,
    ],
  ])("lets no invitation pass that it cannot read (%s)", (type, body) => {
    expect(actionOn(type, body)).toBe("block");
    const request = messageRequest(body, { type });
    expect(mayInvite(request)).toBe(true);
  });
});

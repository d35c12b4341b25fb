import { describe, expect, it } from "vitest";
import { messageRequest, parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import { shippedVerdict } from "../../test/support/shipped-verdict.ts";
import type { SipRequest } from "../wire/sip/message.ts";

const SDP = [
  "v=0",
  "o=- 1 1 IN IP4 192.0.2.1",
  "s=-",
  "c=IN IP4 192.0.2.1",
  "t=0 0",
  "m=audio 4000 RTP/AVP 0",
  "",
];

function request(method: string, extra: readonly string[], body = ""): SipRequest {
  const named = (name: string): boolean => extra.some((line) => line.startsWith(`${name}:`));
  return parsedRequest(
    [
      `${method} sip:bob@example.com SIP/2.0`,
      "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
      ...(named("From") ? [] : ["From: <sip:alice@example.com>;tag=a1"]),
      "To: <sip:bob@example.com>",
      "Call-ID: c1",
      `CSeq: 1 ${method}`,
      ...extra,
    ],
    body,
  );
}

/** A call, with further header fields. */
function call(...extra: readonly string[]): SipRequest {
  return request("INVITE", [...extra, "Content-Type: application/sdp"], SDP.join("\r\n"));
}

/** "passed", "changed" or "refused", and by what. */
function fateOf(one: SipRequest): string {
  const { out, untouched, reason } = shippedVerdict(one);
  if (out === undefined) return `refused ${reason}`;
  return untouched ? "passed" : "changed";
}

describe("links in header fields, under the shipped rules", () => {
  it.each([
    // Kamailio, Asterisk, FreeSWITCH
    "Call-Info: <http://pbx.example.com/alice.png>;purpose=icon",
    "Call-Info: <sip:example.com>;answer-after=0",
    "Call-Info: <sip:192.0.2.5>;appearance-index=1, <https://example.com/alice.vcf>;purpose=card",
    "Call-Info: <cid:14120@example.com>;purpose=EmergencyCallData.ProviderInfo",
    "Alert-Info: <http://nohost>;info=alert-autoanswer;delay=0",
    "Alert-Info: <http://127.0.0.1/Bellcore-dr2>",
    "Alert-Info: http://www.notused.com;info=ring-answer",
    "Alert-Info: <urn:alert:source:internal>",
    "Alert-Info: <http://pbx.example.com/ring.wav>",
    "Error-Info: <sip:announcement10@example.com>",
    "Organization: Example Ltd, www.example.com",
    'From: "Bob (acme.com)" <sip:bob@acme.com>;tag=1',
    'From: "+49 30 123 / Zentrale" <sip:bob@acme.com>;tag=1',
    'P-Asserted-Identity: "http://www.acme.com" <sip:bob@acme.com>, <tel:+4930123>',
    'Contact: <sip:bob@192.0.2.1>;+sip.instance="<urn:uuid:1>";x="https://example.com/a"',
    'Contact: "sip.js" <sip:x@df7jal23ls0d.invalid;transport=ws>;+sip.ice',
    // Cisco, Polycom
    'Contact: <sip:a@10.1.1.1>;+sip.instance="<urn:uuid:1>";+u.sip!model.ccm.cisco.com="683"',
    'Remote-Party-ID: "Bob Lee" <sip:bob@acme.com>;party=calling;screen=yes;privacy=off',
    'Diversion: "Front Desk" <sip:desk@acme.com>;reason=unconditional;counter=1',
    "Referred-By: <sip:carol@example.com>;cid=a@b",
    "Subject: Sales, call 3 of 5",
    "Subject: v1.2 & notes.txt",
  ])("bear a call with %s", (line) => {
    expect(fateOf(call(line))).toBe("passed");
  });

  it.each([
    ["Call-Info: <http://evil.example/setup.exe>;purpose=icon"],
    ["Call-Info: <sip:example.com>;a=1, <hTTp:\\\\evil.example\\setup.exe>;purpose=info"],
    ["Alert-Info: <file://evil.example/share/ring.scr>"],
    ["Alert-Info: <http://nohost/ring.exe>"],
    ["Error-Info: <https://evil.example/fix.bat>"],
    ['From: "see http://evil.example/a.exe" <sip:alice@example.com>;tag=1'],
    ['Contact: "evil.com/a.exe" <sip:alice@192.0.2.1>'],
    ['P-Asserted-Identity: "\uff48ttp://evil.example/a.exe" <sip:alice@example.com>'],
    ["Organization: get evil.com/a.exe"],
    ["Contact: <http://evil.example/a.exe>"],
    ['From: "<x>http://evil.example/a.exe" <sip:alice@example.com>;tag=1'],
    ['Remote-Party-ID: "http://evil.example/a.exe" <sip:alice@example.com>;party=calling'],
    ['Diversion: "http://evil.example/a.exe" <sip:carol@example.com>;reason=no-answer'],
    ['Contact: "Bob" <sip:bob@192.0.2.1>, <https://evil.example/a.exe>;expires=60'],
    ["Subject: see http://evil.example/a.exe"],
    ["Subject: =?utf-8?B?aHR0cDovL2V2aWwuZXhhbXBsZS9hLmV4ZQ==?="],
    ["Subject: see\r\n http://evil.example/a.exe"],
  ])("refuse a link to a program in %s", (line) => {
    const latin1 = Buffer.from(line, "utf8").toString("latin1");
    const byRule = /^refused (?:link-to-blocked-extension|link-to-program)/;
    expect(fateOf(call(latin1))).toMatch(byRule);
    const type = "Content-Type: text/plain";
    expect(fateOf(request("MESSAGE", [latin1, type], "hello"))).toMatch(byRule);
  });

  it.each(["s=http://evil.example/a.exe", "i=evil.com/a.exe", "u=http://evil.example/a.exe"])(
    "refuse a session that says %s",
    (line) => {
      const kept = SDP.filter((other) => !other.startsWith(line.slice(0, 2)));
      const body = [...kept.slice(0, 2), line, ...kept.slice(2)].join("\r\n");
      const sent = request("INVITE", ["Content-Type: application/sdp"], body);
      expect(fateOf(sent)).toMatch(/^refused link/);
    },
  );

  it("disarm a link in Subject where it stands, and say so in the text alone", () => {
    const sent = messageRequest("hello", { extra: ["Subject: about www.evil.example/page"] });
    const { out = Buffer.alloc(0) } = shippedVerdict(sent);
    const read = parsedBytes(out);
    expect(read.valueAt(read.findName("subject"))).toBe("about _www.evil.example/page");
    expect(read.body.toString()).toMatch(/^\[Links in this message were disabled.*\]\nhello$/);
    expect(shippedVerdict(read).untouched).toBe(true);
  });

  it("disarm a link in the Subject of a call, which goes on", () => {
    const { out = Buffer.alloc(0) } = shippedVerdict(call("Subject: join http://evil.example"));
    expect(out.toString()).toContain("Subject: join _http://evil.example");
    expect(out.toString()).toContain(SDP.join("\r\n"));
  });

  it("refuse a Subject over several lines that would have to be edited", () => {
    expect(fateOf(call("Subject: join\r\n http://evil.example"))).toMatch(/^refused/);
  });

  it.each([
    ["<sip:carol@example.com>", "passed"],
    ["<sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>", "passed"],
    ["<tel:+4930123>", "passed"],
    ["sip:carol@example.com", "passed"],
    ["<http://evil.example/page>", "refused disable-internet-links"],
    ["<https://evil.example/a.exe>", "refused link-to-blocked-extension"],
    ["<file:///c:/windows/a.hta>", "refused link-to-blocked-extension"],
  ])("of a REFER to %s: %s", (target, fate) => {
    expect(fateOf(request("REFER", [`Refer-To: ${target}`]))).toBe(fate);
  });
});

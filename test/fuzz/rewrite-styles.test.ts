import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { carryOut, type Outcome } from "../../src/judge/carry-out.ts";
import { judge } from "../../src/judge/judge.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { LINK_STYLES, type LinkStyle, type Policy } from "../../src/policy/decision.ts";
import type { HearingContext } from "../../src/policy/hearing.ts";
import { applySplices } from "../../src/wire/sip/splice.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { messageRequest, parsedBytes, parsedRequest } from "../support/parsed-request.ts";

const SETTINGS = inlineTestSettings([]);

function gatewayOf(style: LinkStyle): Policy {
  const then = { rewrite: { links: { style } }, notice: "[Links: {incident.short}]" };
  const data = { version: 1, rules: [{ id: "disarm", when: { url: { any: true } }, then }] };
  const options = { domains: [], generation: 1 };
  const compiled = compilePolicy([{ file: "r", pack: undefined, data }], options);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value;
}

const GATEWAYS = new Map(LINK_STYLES.map((style) => [style, gatewayOf(style)]));

const PARTY = { user: "a", domain: "x", displayName: "", ip: undefined, authenticated: true };
const CONTEXT: HearingContext = {
  from: { ...PARTY, aor: "sip:a@x" },
  to: { ...PARTY, aor: "sip:b@x" },
  direction: "internal",
  channel: "sip-message",
  transport: "tcp",
  encrypted: false,
  now: 0,
  trace: false,
};

/** What a gateway makes of a message. */
function passed(request: SipRequest, style: LinkStyle, incident: string): Outcome {
  const policy = GATEWAYS.get(style) ?? gatewayOf(style);
  const judgement = judge(request, CONTEXT, policy, SETTINGS);
  if (judgement.kind === "scan") throw new Error("an attachment");
  return carryOut(request, CONTEXT, judgement.verdict, { incident, agent: "gw" });
}

const PIECES = [
  "http://evil.example/a.html?b=1&c=2",
  "HTTPS:\\\\evil.example\\x",
  "www2.evil.com",
  "ftp.evil.example/x.y",
  "evil.zip",
  "mailto:a@evil.com",
  "//evil.com/a",
  "\\\\host\\share",
  "http://1.2.3.4:8080/",
  "http://[::1]/a",
  "http://user@evil.example/?u=http://b.example/www.c.com",
  "http://xn--e1afmkfd.example/p",
  "hxxp://evil[.]example",
  "_http://evil.example",
  "lunch at 12:30",
  " ",
  "\n",
  ", ",
  "(",
  ")",
];

const MARKUP = [
  '<a href="http://evil.example/a?b&amp;c">here</a>',
  "<img src=//evil.com/x.png>",
  '<p style="background:url(http://evil.example/a)">',
  "<b>",
  "</b>",
  "<br>",
];

type Carrier = (text: string) => SipRequest;

function html(text: string): string {
  return `<html><body>${text}</body></html>`;
}

/** Each way in which a text may travel; only the first five take every text. */
const CARRIERS: Readonly<Record<string, Carrier>> = {
  plain: (text) => messageRequest(text),
  "in UTF-16": (text) =>
    messageRequest(Buffer.from(`\ufeff${text}`, "utf16le"), { type: "text/plain;charset=utf-16" }),
  "in latin1": (text) =>
    messageRequest(Buffer.from(text, "latin1"), { type: "text/plain;charset=iso-8859-1" }),
  "in a part with base64": (text) =>
    messageRequest(
      `--b\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(text).toString("base64")}\r\n--b--`,
      { type: "multipart/mixed;boundary=b" },
    ),
  "in CPIM": (text) =>
    messageRequest(
      `From: <sip:a@x>\r\nTo: <sip:b@x>\r\n\r\nContent-Type: text/plain;charset=utf-8\r\n\r\n${text}`,
      { type: "message/cpim" },
    ),
  "in ms-text-format": (text) =>
    parsedRequest(
      [
        "INVITE sip:bob@example.com SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
        "Max-Forwards: 70",
        "From: <sip:alice@example.com>;tag=a1",
        "To: <sip:bob@example.com>",
        "Call-ID: call-1@example.com",
        "CSeq: 7 INVITE",
        `ms-text-format: text/plain;charset=UTF-8;ms-body=${Buffer.from(text).toString("base64")}`,
      ],
      "",
    ),
  "in HTML": (text) => messageRequest(html(text), { type: "text/html;charset=utf-8" }),
  "in two alternatives": (text) =>
    messageRequest(
      `--b\r\nContent-Type: text/plain;charset=utf-8\r\n\r\nhttp://evil.example/a\r\n--b\r\nContent-Type: text/html;charset=utf-8\r\n\r\n${html(text)}\r\n--b--`,
      { type: "multipart/alternative;boundary=b" },
    ),
};

describe("links disarmed, in whatever a text travels", () => {
  it.each(Object.entries(CARRIERS))("%s: a second gateway changes nothing", (name, carrier) => {
    const pieces =
      name.includes("HTML") || name.includes("alternatives") ? [...PIECES, ...MARKUP] : PIECES;
    let changed = 0;
    assert(
      property(
        array(constantFrom(...pieces), { minLength: 1, maxLength: 8 }),
        constantFrom(...LINK_STYLES),
        constantFrom(...LINK_STYLES),
        (chosen, first, second) => {
          const request = carrier(chosen.join(""));
          const once = passed(request, first, "INC-AAAAAAAA");
          // What a rewrite cannot be written into is refused, and that is another test's.
          if (once.kind === "refuse") return;
          if (once.splices.length > 0) changed += 1;
          const out = parsedBytes(applySplices(request.bytes, once.splices));
          const twice = passed(out, second, "INC-BBBBBBBB");
          expect(twice).toEqual({ kind: "forward", splices: [] });
        },
      ),
      { numRuns: 300 },
    );
    // The test would say nothing if most of it had been refused or left alone.
    expect(changed).toBeGreaterThan(100);
  });
});

import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INTERNAL } from "../../test/support/internal-hearing.ts";
import { shippedPolicy } from "../../test/support/shipped-policy.ts";
import { EICAR } from "../../test/support/eicar.ts";
import { messageRequest, parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import { inlineTestSettings } from "../assembly/judge-settings.ts";
import { contentDigest } from "../filter/content-digest.ts";
import { carryOut, type Outcome } from "./carry-out.ts";
import { judge, mayInvite, type Judgement } from "./judge.ts";
import { judgeMedia } from "./judge-media.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { SipMessage, SipRequest } from "../wire/sip/message.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";

/** Bodies with a Content-Encoding, under the shipped rules: links disarmed, links to programs and MSRP refused. */

const SETTINGS = inlineTestSettings([]);
const ASKED = { context: INTERNAL, answers: undefined };
const POLICY = shippedPolicy();

const CODINGS = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["Deflate", deflateSync],
  ["deflate", deflateRawSync],
] as const;

/** RFC 3261 §21.4.13: what the sender may try instead. */
const ACCEPT_PLAIN = { name: "Accept-Encoding", value: "identity" };

/** Bare deflate, to stand behind 33,000 bytes: decoded it is noise. */
const SPELLS_A_LINK = "dbeb20687474703a2f2f726e786d75622e6578616d706c652f612e65786520c86cc0";

function judged(request: SipRequest): Judgement {
  return judge(request, INTERNAL, POLICY, SETTINGS);
}

function verdictOf(request: SipRequest): Verdict {
  const judgement = judged(request);
  if (judgement.kind === "decided") return judgement.verdict;
  return judgement.decide(judgement.attachments.map((one) => SETTINGS.scan(one.bytes)));
}

function outcomeOf(request: SipRequest): Outcome {
  const words = { incident: "INC-00000000", agent: "gw" };
  return carryOut(request, INTERNAL, verdictOf(request), words);
}

/** What leaves; throws when the message is refused. */
function outgoing(request: SipRequest): SipRequest {
  const outcome = outcomeOf(request);
  if (outcome.kind === "refuse") throw new Error(`refused with ${outcome.refusal.status}`);
  return parsedBytes(applySplices(request.bytes, outcome.splices));
}

function statusOf(request: SipRequest): number {
  const outcome = outcomeOf(request);
  return outcome.kind === "refuse" ? outcome.refusal.status : 0;
}

/** A MESSAGE whose body is `body` as it stands. */
function encoded(coding: string, body: Buffer, type = "text/plain;charset=utf-8"): SipRequest {
  return messageRequest(body, { type, extra: [`Content-Encoding: ${coding}`] });
}

function invite(type: string, body: Buffer, extra: readonly string[] = []): SipRequest {
  const head = [
    "INVITE sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
    "From: <sip:alice@example.com>;tag=a1",
    "To: <sip:bob@example.com>",
    "Call-ID: c1",
    "CSeq: 1 INVITE",
    ...extra,
    `Content-Type: ${type}`,
    "e: gzip",
  ];
  return parsedRequest(head, body);
}

function sdp(line: string): string {
  return `v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n${line}\r\n`;
}

function headOf(message: SipMessage): string {
  return message.bytes
    .toString("latin1", 0, message.bodyStart)
    .replace(/^(?:Content-Encoding|e): .*\r\n/m, "")
    .replace(/Content-Length: \d+/, "");
}

describe("judge and carryOut with a Content-Encoding", () => {
  it.each(CODINGS)("disarms a link in %s, and it leaves un-encoded", (coding, encode) => {
    const request = encoded(coding, encode(Buffer.from("see http://evil.example/ ok")));
    const out = outgoing(request);
    expect(out.body.toString()).toMatch(/see _http:\/\/evil.example\/ ok$/);
    expect(out.bytes.toString()).not.toMatch(/encoding/i);
    expect(headOf(out)).toBe(headOf(request));
  });

  it.each(CODINGS)("refuses a link to a program in %s", (coding, encode) => {
    expect(statusOf(encoded(coding, encode(Buffer.from("http://evil.example/a.exe"))))).toBe(403);
  });

  it.each(CODINGS)("lets %s of harmless text leave un-encoded", (coding, encode) => {
    const out = outgoing(encoded(coding, encode(Buffer.from("hello bob"))));
    expect(out.body.toString()).toBe("hello bob");
    expect(out.bytes.toString()).not.toMatch(/encoding/i);
  });

  it("lets nothing through that a client shows which does not decode", () => {
    // A stored block of harmless history, then compressed symbols whose bytes happen to spell a link.
    const history = Buffer.alloc(33_000, "x");
    const stored = Buffer.from([0, 0xe8, 0x80, 0x17, 0x7f]);
    const body = Buffer.concat([stored, history, Buffer.from(SPELLS_A_LINK, "hex")]);
    expect(body.toString("latin1")).toContain(".example/a.exe");
    const out = outgoing(encoded("deflate", body, "text/plain;charset=iso-8859-1"));
    expect(out.body.toString("latin1")).not.toContain("http");
    expect(out.bytes.toString("latin1")).not.toMatch(/encoding/i);
  });

  it.each([
    ["an unknown coding", "br", Buffer.from("x")],
    ["two codings", "gzip, gzip", gzipSync(gzipSync("x"))],
    ["a bomb", "gzip", gzipSync(Buffer.alloc(1_000_000))],
    ["half a stream", "deflate", deflateSync("hello hello").subarray(0, 9)],
    ["a second member", "gzip", Buffer.concat([gzipSync("a"), gzipSync("b")])],
  ])("answers 415 to %s, which may be an invitation", (_, coding, body) => {
    const request = encoded(coding, body);
    expect(statusOf(request)).toBe(415);
    expect(outcomeOf(request)).toMatchObject({ refusal: { headers: [{}, ACCEPT_PLAIN] } });
    expect(mayInvite(request)).toBe(true);
  });

  it("blocks what it cannot decode also where broken content is allowed, for it may be an invitation", () => {
    const lenient = { ...SETTINGS, onParseProblem: "allow" } as const;
    const request = encoded("br", Buffer.from("x"));
    expect(judge(request, INTERNAL, POLICY, lenient)).toMatchObject({
      verdict: { action: "block" },
    });
  });

  it("takes nothing away from an empty body, and gives none to an encoded one that is", () => {
    const request = encoded("gzip", Buffer.alloc(0));
    expect(outgoing(request).bytes).toEqual(request.bytes);
    expect(outgoing(encoded("gzip", gzipSync(""))).body).toHaveLength(0);
  });

  it("leaves the identity as it came", () => {
    const request = encoded("Identity", Buffer.from("hello"));
    expect(outgoing(request).bytes).toEqual(request.bytes);
  });

  it.each(["e:gzip", "E :  gzip ", "CONTENT-ENCODING:\r\n gzip"])(
    "knows the field however it is written: %j",
    (line) => {
      const body = gzipSync("see http://evil.example/");
      const out = outgoing(messageRequest(body, { extra: [line, "X-After: 1"] }));
      expect(out.body.toString()).toContain("_http://evil.example/");
      expect(out.bytes.toString()).toMatch(/CSeq: 7 MESSAGE\r\nX-After: 1\r\n/);
    },
  );

  it("reads to the end of a datagram without Content-Length, and adds none", () => {
    const { bytes } = encoded("deflate", deflateSync("hello"));
    const text = bytes.toString("latin1").replace(/Content-Length: \d+\r\n/, "");
    const out = outgoing(parsedBytes(Buffer.from(text, "latin1")));
    expect(out.contentLengthPresent).toBe(false);
    expect(out.body.toString()).toBe("hello");
  });

  it("refuses a part with a coding of its own, in a body without one and in a compressed one", () => {
    const part = Buffer.from("--b\r\nContent-Encoding: gzip\r\n\r\nx\r\n--b--\r\n");
    const type = "multipart/mixed;boundary=b";
    expect(statusOf(encoded("identity", part, type))).toBe(415);
    expect(statusOf(encoded("gzip", gzipSync(part), type))).toBe(415);
  });

  it("finds a virus in a compressed multipart", () => {
    const parts = [
      "--b",
      "Content-Type: application/x-a;name=a.dat",
      "",
      EICAR.toString("latin1"),
      "--b--",
      "",
    ];
    const body = deflateSync(parts.join("\r\n"));
    const judgement = judged(encoded("deflate", body, "multipart/mixed;boundary=b"));
    const found = judgement.kind === "scan" ? judgement.attachments : [];
    expect(found.map((one) => one.bytes)).toEqual([EICAR]);
    expect(statusOf(encoded("deflate", body, "multipart/mixed;boundary=b"))).toBeGreaterThan(0);
  });

  it("makes lengths right that stand in an encoded body", () => {
    const inner = "go http://evil.example/";
    const fields = `Content-Type: text/plain\r\nContent-Length: ${inner.length}`;
    const cpim = `From: <sip:a@x.example>\r\n\r\n${fields}\r\n\r\n${inner}`;
    const out = outgoing(encoded("gzip", gzipSync(cpim), "message/cpim"));
    const [, , text = ""] = out.body.toString().split("\r\n\r\n");
    expect(out.body.toString()).toContain(`Content-Length: ${text.length}\r\n`);
    expect(text).toContain("_http");
  });

  it("reads a compressed offer, and the text beside it in ms-text-format", () => {
    const msrp = sdp("m=message 7654 TCP/MSRP *");
    expect(statusOf(invite("application/sdp", gzipSync(msrp)))).toBeGreaterThan(0);
    const body = Buffer.from("see http://evil.example/").toString("base64");
    const audio = sdp("m=audio 4000 RTP/AVP 0");
    const out = outgoing(
      invite("application/sdp", gzipSync(audio), [`ms-text-format: text/plain;ms-body=${body}`]),
    );
    expect(out.body.toString()).toBe(audio);
    const text = /ms-body=(\S+)/.exec(out.bytes.toString("latin1"))?.[1] ?? "";
    expect(Buffer.from(text, "base64").toString()).toContain("_http://evil.example/");
  });

  it("finds an invitation, and the name of its file", () => {
    const lines = [
      "Application-Name: File Transfer",
      "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
      "Invitation-Command: INVITE",
      "Invitation-Cookie: 513756658",
      "Application-File: a.exe",
      "Application-FileSize: 27",
    ];
    const body = deflateRawSync(`${lines.join("\r\n")}\r\n`);
    const request = encoded("deflate", body, "text/x-msmsgsinvite");
    expect(verdictOf(request)).toMatchObject({ action: "block", file: { name: { raw: "a.exe" } } });
    const hidden = gzipSync("--b\r\nContent-Type: text/x-msmsgsinvite\r\n\r\nx");
    expect(mayInvite(encoded("gzip", hidden, "multipart/mixed;boundary=b"))).toBe(true);
    expect(mayInvite(encoded("identity", Buffer.from("hello")))).toBe(false);
  });

  it("closes media in an encoded answer, and takes away what it cannot decode", () => {
    const ack = (body: Buffer): SipRequest =>
      parsedBytes(
        Buffer.from(
          invite("application/sdp", body).bytes.toString("latin1").replaceAll("INVITE", "ACK"),
          "latin1",
        ),
      );
    const closed = (request: SipRequest): SipRequest => {
      const { splices } = judgeMedia(request, ASKED, POLICY, SETTINGS);
      return parsedBytes(applySplices(request.bytes, splices));
    };
    const lines = sdp("m=audio 4000 RTP/AVP 0\r\nm=message 7654 TCP/MSRP *");
    const out = closed(ack(gzipSync(lines)));
    expect(out.body.toString()).toBe(lines.replace("7654", "0"));
    const audio = sdp("m=audio 4000 RTP/AVP 0");
    expect(closed(ack(gzipSync(audio))).body.toString()).toBe(audio);
    // Who does not know the field reads what stands there.
    const lenient = { ...SETTINGS, onParseProblem: "allow" } as const;
    const plain = ack(Buffer.from(lines));
    const { splices, verdict } = judgeMedia(plain, ASKED, POLICY, lenient);
    expect(parsedBytes(applySplices(plain.bytes, splices)).body).toHaveLength(0);
    expect(verdict).toMatchObject({
      action: "block",
      problem: { code: "broken-content-encoding" },
    });
    const broken = closed(ack(Buffer.from("x")));
    expect(broken.bytes.toString()).not.toMatch(/^(?:e|Content-Type):/m);
    expect(broken.body).toHaveLength(0);
  });

  it("changes nothing when it judges again what leaves, and knows it by its digest", () => {
    const word = fc.constantFrom(
      "hello",
      "http://evil.example/x",
      "www.b.example",
      "\u00e4\u{1f600}",
    );
    const text = fc.array(word, { maxLength: 20 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(...CODINGS),
        fc.boolean(),
        (said, [coding, encode], html) => {
          const type = html ? "text/html;charset=utf-8" : "text/plain;charset=utf-8";
          const request = encoded(coding, encode(Buffer.from(said)), type);
          const { splices } = outcomeOf(request) as { readonly splices: readonly Splice[] };
          const out = parsedBytes(applySplices(request.bytes, splices));
          expect(contentDigest(out, [])).toBe(contentDigest(request, splices));
          expect(outgoing(out).bytes).toEqual(out.bytes);
          const plain = messageRequest(said, { type });
          expect(out.body).toEqual(outgoing(plain).body);
        },
      ),
      { numRuns: 300 },
    );
  });
});

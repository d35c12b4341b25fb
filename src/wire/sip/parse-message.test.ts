import { describe, expect, it } from "vitest";
import { createSipFramer } from "./framer.ts";
import { HeaderId } from "./header-names.ts";
import { parseDatagram, type SipLimits } from "./parse-message.ts";
import type { SipProblemCode } from "./problem.ts";
import { topmostVia } from "./via.ts";

const LIMITS: SipLimits = { maxHeadBytes: 4_000, maxHeaderCount: 40, maxBodyBytes: 2_000 };

/** A good MESSAGE; each case of the table below spoils it in one way. */
const GOOD: readonly string[] = [
  "MESSAGE sip:bob@example.com SIP/2.0",
  "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa1;rport",
  "Max-Forwards: 70",
  'From: "Alice" <sip:alice@example.com>;tag=aa11',
  "To: <sip:bob@example.com>",
  "Call-ID: a84b4c76e66710@192.0.2.10",
  "CSeq: 7 MESSAGE",
  "Content-Type: text/plain",
  "Content-Length: 5",
];
const BODY = "hello";

function bytesOf(lines: readonly string[], body = BODY): Buffer {
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

/** The good message with the line of that name replaced (or, with undefined, taken out). */
function instead(name: string, ...lines: readonly string[]): Buffer {
  return bytesOf(GOOD.flatMap((line) => (line.startsWith(`${name}:`) ? lines : [line])));
}

function startLine(line: string): Buffer {
  return bytesOf([line, ...GOOD.slice(1)]);
}

function plus(...lines: readonly string[]): Buffer {
  return bytesOf([...GOOD, ...lines]);
}

function response(line: string, cseq = "CSeq: 7 MESSAGE"): Buffer {
  return bytesOf([line, ...GOOD.slice(1, 2), ...GOOD.slice(3, 6), cseq, "Content-Length: 5"]);
}

const MALFORMED: ReadonlyArray<readonly [string, SipProblemCode, Buffer]> = [
  // Lengths.
  [
    "a signed Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: +5"),
  ],
  [
    "a negative Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: -5"),
  ],
  [
    "a hexadecimal Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 0x5"),
  ],
  [
    "two numbers in Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5,5"),
  ],
  [
    "two numbers with a blank in Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5 5"),
  ],
  [
    "a fraction in Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5.0"),
  ],
  [
    "an exponent in Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5e0"),
  ],
  [
    "a parameter after Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5;a=b"),
  ],
  ["an empty Content-Length", "bad-content-length", instead("Content-Length", "Content-Length: ")],
  [
    "a quoted Content-Length",
    "bad-content-length",
    instead("Content-Length", 'Content-Length: "5"'),
  ],
  [
    "a word as Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: five"),
  ],
  [
    "a Content-Length of 2^53",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 9007199254740992"),
  ],
  [
    "a Content-Length of eleven digits",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 00000000005"),
  ],
  [
    "a Content-Length of 2^32",
    "body-too-large",
    instead("Content-Length", "Content-Length: 4294967296"),
  ],
  [
    "a Content-Length of 2^32 + 5",
    "body-too-large",
    instead("Content-Length", "Content-Length: 4294967301"),
  ],
  [
    "a Content-Length over the limit",
    "body-too-large",
    instead("Content-Length", "Content-Length: 2001"),
  ],
  [
    "a folded Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length:", " 5"),
  ],
  [
    "a Content-Length that goes on",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5", " 0"),
  ],
  ["a folded compact Content-Length", "bad-content-length", instead("Content-Length", "l:", "\t5")],
  [
    "a form feed before Content-Length's value",
    "bad-content-length",
    instead("Content-Length", "Content-Length:\f5"),
  ],
  [
    "a vertical tab after Content-Length's value",
    "bad-content-length",
    instead("Content-Length", "Content-Length: 5\v"),
  ],
  [
    "a no-break space in Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length:\u00a05"),
  ],
  [
    "superscript digits in Content-Length",
    "bad-content-length",
    instead("Content-Length", "Content-Length: \u00b2"),
  ],
  [
    "a body shorter than announced",
    "incomplete-body",
    instead("Content-Length", "Content-Length: 6"),
  ],
  [
    "a body much shorter than announced",
    "incomplete-body",
    instead("Content-Length", "Content-Length: 1999"),
  ],
  [
    "a body over the limit without a length",
    "body-too-large",
    bytesOf(GOOD.slice(0, 8), "x".repeat(2_001)),
  ],
  // Doubles.
  ["two Content-Lengths that differ", "duplicate-header", plus("Content-Length: 3")],
  ["two Content-Lengths that agree", "duplicate-header", plus("Content-Length: 5")],
  ["Content-Length in both forms", "duplicate-header", plus("l: 5")],
  ["Content-Length in another case", "duplicate-header", plus("CONTENT-LENGTH: 5")],
  [
    "a second Content-Length with a blank before its colon",
    "duplicate-header",
    plus("Content-Length : 3"),
  ],
  ["two Content-Types", "duplicate-header", plus("Content-Type: text/html")],
  ["Content-Type in both forms", "duplicate-header", plus("c: text/html")],
  ["two Froms", "duplicate-header", plus("From: <sip:eve@example.com>;tag=1")],
  ["From in both forms", "duplicate-header", plus("f: <sip:eve@example.com>;tag=1")],
  ["two Tos", "duplicate-header", plus("To: <sip:eve@example.com>")],
  ["To in both forms", "duplicate-header", plus("t: <sip:eve@example.com>")],
  ["two Call-IDs", "duplicate-header", plus("Call-ID: other")],
  ["Call-ID in both forms", "duplicate-header", plus("i: a84b4c76e66710@192.0.2.10")],
  ["two CSeqs", "duplicate-header", plus("CSeq: 8 MESSAGE")],
  ["two Max-Forwards", "duplicate-header", plus("Max-Forwards: 70")],
  ["two Content-Encodings", "duplicate-header", plus("Content-Encoding: gzip", "e: identity")],
  [
    "two Content-Dispositions",
    "duplicate-header",
    plus("Content-Disposition: render", "Content-Disposition: session"),
  ],
  [
    "two ms-text-formats",
    "duplicate-header",
    plus("ms-text-format: text/plain;ms-body=QQ==", "Ms-Text-Format: text/plain;ms-body=Qg=="),
  ],
  // Line ends, NUL, folding.
  ["a bare LF that hides a header", "bare-line-break", plus("Subject: a\nContent-Length: 3")],
  ["a bare CR that hides a header", "bare-line-break", plus("Subject: a\rContent-Length: 3")],
  ["a bare LF in a name", "bad-header-line", plus("Sub\nject: a")],
  [
    "a bare CR after the start line",
    "bare-line-break",
    bytesOf([`${GOOD[0] ?? ""}\rVia: x`, ...GOOD.slice(1)]),
  ],
  ["a bare CR before the blank line", "bare-line-break", bytesOf([...GOOD, "\rSubject: a"])],
  ["CR CR LF", "bare-line-break", plus("Subject: a\r")],
  ["a bare LF before a continuation", "bare-line-break", plus("Subject: a\n b")],
  ["LF alone throughout", "bare-line-break", Buffer.from(`${GOOD.join("\n")}\n\n${BODY}`)],
  ["a blank line of LF LF", "bare-line-break", Buffer.from(`${GOOD.join("\r\n")}\n\n${BODY}`)],
  [
    "a bare CR in Content-Type",
    "bare-line-break",
    instead("Content-Type", "Content-Type: text/plain\rx"),
  ],
  ["a NUL in a value", "nul-in-head", plus("Subject: a\0b")],
  ["a NUL in Content-Type", "nul-in-head", instead("Content-Type", "Content-Type: text/plain\0;x")],
  [
    "a NUL in From outside quotes",
    "nul-in-head",
    instead("From", "From: Al\0ice <sip:alice@example.com>;tag=1"),
  ],
  [
    "a NUL in quotes without a backslash",
    "nul-in-head",
    instead("From", 'From: "Al\0ice" <sip:alice@example.com>;tag=1'),
  ],
  ["an escaped NUL outside a name-addr", "nul-in-head", plus('Subject: "a\\\0b"')],
  ["a NUL in the start line", "nul-in-head", startLine("MESSAGE sip:bob\0@example.com SIP/2.0")],
  [
    "a NUL far into a long value",
    "nul-in-head",
    plus(`Subject: ${"x".repeat(700)}\0${"x".repeat(300)}`),
  ],
  [
    "a bare LF far into a long value",
    "bare-line-break",
    plus(`Subject: ${"x".repeat(700)}\n${"x".repeat(300)}`),
  ],
  [
    "a bare CR far into a long value",
    "bare-line-break",
    plus(`Subject: ${"x".repeat(700)}\r${"x".repeat(300)}`),
  ],
  ["a NUL before the colon", "bad-header-line", plus("Subject\0: a")],
  ["a vertical tab before the colon", "bad-header-line", plus("Content-Length\v: 3")],
  ["a fold before the colon", "bad-header-line", plus("Subject", " : a")],
  ["a line without a colon", "bad-header-line", plus("Subject")],
  ["an empty name", "bad-header-line", plus(": a")],
  ["a blank inside a name", "bad-header-line", plus("Content Length: 3")],
  ["brackets in a name", "bad-header-line", plus("Sub(ject): a")],
  ["a byte beyond ASCII in a name", "bad-header-line", plus("Subj\u00e9ct: a")],
  ["a colon alone", "bad-header-line", plus(":")],
  [
    "a continuation right after the start line",
    "bad-header-line",
    bytesOf([GOOD[0] ?? "", " x: y", ...GOOD.slice(1)]),
  ],
  ["a continuation of blanks only", "empty-fold", plus("Subject: a", "  ", "Content-Length: 3")],
  ["a continuation of one tab", "empty-fold", plus("Subject: a", "\t")],
  ["a message body where the head should end", "incomplete-head", Buffer.from(GOOD.join("\r\n"))],
  ["a head cut off in a name", "incomplete-head", Buffer.from(`${GOOD.join("\r\n")}\r\nSubj`)],
  [
    "a head cut off before the blank line",
    "incomplete-head",
    Buffer.from(`${GOOD.join("\r\n")}\r\n`),
  ],
  [
    "a head cut off inside the blank line",
    "incomplete-head",
    Buffer.from(`${GOOD.join("\r\n")}\r\n\r`),
  ],
  [
    "too many header fields",
    "too-many-headers",
    plus(...Array.from({ length: 40 }, (_, i) => `X-${i}: y`)),
  ],
  ["a head over the limit", "head-too-large", plus(`Subject: ${"x".repeat(4_000)}`)],
  [
    "a start line over the limit",
    "head-too-large",
    startLine(`MESSAGE sip:${"b".repeat(4_000)}@example.com SIP/2.0`),
  ],
  // Start lines.
  [
    "two blanks after the method",
    "bad-start-line",
    startLine("MESSAGE  sip:bob@example.com SIP/2.0"),
  ],
  [
    "two blanks before the version",
    "bad-start-line",
    startLine("MESSAGE sip:bob@example.com  SIP/2.0"),
  ],
  ["a blank at the end", "bad-start-line", startLine("MESSAGE sip:bob@example.com SIP/2.0 ")],
  ["a tab after the method", "bad-start-line", startLine("MESSAGE\tsip:bob@example.com SIP/2.0")],
  [
    "a blank before the method",
    "bad-start-line",
    startLine(" MESSAGE sip:bob@example.com SIP/2.0"),
  ],
  [
    "a blank in the Request-URI",
    "bad-start-line",
    startLine("MESSAGE sip:bob@example.com; lr SIP/2.0"),
  ],
  ["no version", "bad-start-line", startLine("MESSAGE sip:bob@example.com")],
  ["a method alone", "bad-start-line", startLine("MESSAGE")],
  ["no method", "bad-start-line", startLine("sip:bob@example.com SIP/2.0")],
  [
    "a method that is no token",
    "bad-start-line",
    startLine("MES(SAGE sip:bob@example.com SIP/2.0"),
  ],
  ["another protocol", "bad-start-line", startLine("GET / HTTP/1.1")],
  ["a version with a suffix", "bad-start-line", startLine("MESSAGE sip:bob@example.com SIP/2.0x")],
  ["a version without a number", "bad-start-line", startLine("MESSAGE sip:bob@example.com SIP/")],
  ["a header field as the start line", "bad-start-line", bytesOf(GOOD.slice(1))],
  ["version 7.0", "bad-version", startLine("MESSAGE sip:bob@example.com SIP/7.0")],
  ["version 2.00", "bad-version", startLine("MESSAGE sip:bob@example.com SIP/2.00")],
  ["version 1.0", "bad-version", startLine("MESSAGE sip:bob@example.com SIP/1.0")],
  ["MESSAGE in lower case", "bad-method", startLine("message sip:bob@example.com SIP/2.0")],
  ["MESSAGE in mixed case", "bad-method", startLine("Message sip:bob@example.com SIP/2.0")],
  // Request-URIs.
  [
    "a Request-URI in angle brackets",
    "bad-request-uri",
    startLine("MESSAGE <sip:bob@example.com> SIP/2.0"),
  ],
  [
    "header fields in the Request-URI",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@example.com?Route=%3Csip:x%3E SIP/2.0"),
  ],
  [
    "a Request-URI without a scheme",
    "bad-request-uri",
    startLine("MESSAGE bob@example.com SIP/2.0"),
  ],
  ["a Request-URI without a host", "bad-request-uri", startLine("MESSAGE sip:bob@ SIP/2.0")],
  [
    "a Request-URI with an empty user",
    "bad-request-uri",
    startLine("MESSAGE sip:@example.com SIP/2.0"),
  ],
  [
    "a Request-URI with two @",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@good.example@evil.example SIP/2.0"),
  ],
  [
    "a Request-URI with an @ in a parameter",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@example.com;x=a@b SIP/2.0"),
  ],
  ["a scheme alone", "bad-request-uri", startLine("MESSAGE sip: SIP/2.0")],
  [
    "a port that is no number",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@example.com:50a SIP/2.0"),
  ],
  ["a port over 65535", "bad-request-uri", startLine("MESSAGE sip:bob@example.com:65536 SIP/2.0")],
  ["an empty port", "bad-request-uri", startLine("MESSAGE sip:bob@example.com: SIP/2.0")],
  [
    "an IPv6 address without brackets",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@2001:db8::1 SIP/2.0"),
  ],
  [
    "an IPv6 reference that does not end",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@[2001:db8::1 SIP/2.0"),
  ],
  [
    "an IPv6 reference with three colons",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@[2001:db8:::1] SIP/2.0"),
  ],
  [
    "an IPv6 reference with two gaps",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@[2001::db8::1] SIP/2.0"),
  ],
  [
    "something after an IPv6 reference",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@[::1]x SIP/2.0"),
  ],
  [
    "an empty URI parameter",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@example.com;;lr SIP/2.0"),
  ],
  [
    "a URI parameter without a name",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@example.com;=lr SIP/2.0"),
  ],
  [
    "a semicolon at the end of the URI",
    "bad-request-uri",
    startLine("MESSAGE sip:bob@example.com; SIP/2.0"),
  ],
  [
    "a quote in the Request-URI",
    "bad-request-uri",
    startLine('MESSAGE sip:"bob"@example.com SIP/2.0'),
  ],
  ["a tel: URI of nothing", "bad-request-uri", startLine("MESSAGE tel: SIP/2.0")],
  // Mandatory fields.
  ["no Via", "missing-header", instead("Via")],
  ["no From", "missing-header", instead("From")],
  ["no To", "missing-header", instead("To")],
  ["no Call-ID", "missing-header", instead("Call-ID")],
  ["no CSeq", "missing-header", instead("CSeq")],
  ["nothing but a start line", "missing-header", bytesOf(GOOD.slice(0, 1), "")],
  [
    "a Via of another version",
    "bad-via",
    instead("Via", "Via: SIP/7.0/UDP 192.0.2.10;branch=z9hG4bKa1"),
  ],
  [
    "a Via without a transport",
    "bad-via",
    instead("Via", "Via: SIP/2.0 192.0.2.10;branch=z9hG4bKa1"),
  ],
  ["a Via without a host", "bad-via", instead("Via", "Via: SIP/2.0/UDP ;branch=z9hG4bKa1")],
  ["a Via with empty parameters", "bad-via", instead("Via", "Via: SIP/2.0/UDP 192.0.2.10;;,;,,")],
  [
    "a Via with two branches",
    "bad-via",
    instead("Via", "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa;Branch=z9hG4bKb"),
  ],
  [
    "a Via with a quote that does not end",
    "bad-via",
    instead("Via", 'Via: SIP/2.0/UDP 192.0.2.10;x="a, SIP/2.0/UDP 192.0.2.11'),
  ],
  [
    "a Via with two hosts",
    "bad-via",
    instead("Via", "Via: SIP/2.0/UDP 192.0.2.10 192.0.2.11;branch=z9hG4bKa"),
  ],
  [
    "a Via with a port over 65535",
    "bad-via",
    instead("Via", "Via: SIP/2.0/UDP 192.0.2.10:70000;branch=z9hG4bKa"),
  ],
  ["an empty Via", "bad-via", instead("Via", "Via:")],
  [
    "a From with an open quote",
    "bad-from",
    instead("From", 'From: "Alice <sip:alice@example.com>;tag=1'),
  ],
  [
    "a From without a closing bracket",
    "bad-from",
    instead("From", "From: <sip:alice@example.com;tag=1"),
  ],
  [
    "a From with two tags",
    "bad-from",
    instead("From", "From: <sip:alice@example.com>;tag=1;tag=2"),
  ],
  [
    "a From with two addresses",
    "bad-from",
    instead("From", "From: <sip:alice@example.com>, <sip:eve@example.com>;tag=1"),
  ],
  [
    "a From with an address as display name",
    "bad-from",
    instead("From", "From: sip:ceo@example.com <sip:eve@example.com>;tag=1"),
  ],
  [
    "a From with text after the address",
    "bad-from",
    instead("From", "From: <sip:alice@example.com> alice;tag=1"),
  ],
  ["a From without a scheme", "bad-from", instead("From", "From: alice@example.com;tag=1")],
  ["an empty From", "bad-from", instead("From", "From:")],
  [
    "an unquoted comma in a display name",
    "bad-from",
    instead("From", "From: Bell, Alice <sip:alice@example.com>;tag=1"),
  ],
  ["a To with blanks in the brackets", "bad-to", instead("To", "To: < sip:bob@example.com >")],
  [
    "a To with a question mark outside brackets",
    "bad-to",
    instead("To", "To: sip:bob@example.com?Subject=x"),
  ],
  ["a To with an open quote", "bad-to", instead("To", 'To: "Bob <sip:bob@example.com>')],
  ["a To with a parameter without a name", "bad-to", instead("To", "To: <sip:bob@example.com>;=x")],
  [
    "a To with a quoted parameter that does not end",
    "bad-to",
    instead("To", 'To: <sip:bob@example.com>;x="y'),
  ],
  ["a Call-ID with a blank", "bad-call-id", instead("Call-ID", "Call-ID: a b")],
  ["an empty Call-ID", "bad-call-id", instead("Call-ID", "Call-ID:")],
  ["a CSeq of 2^31", "bad-cseq", instead("CSeq", "CSeq: 2147483648 MESSAGE")],
  ["a CSeq of many digits", "bad-cseq", instead("CSeq", "CSeq: 36893488147419103232 MESSAGE")],
  ["a negative CSeq", "bad-cseq", instead("CSeq", "CSeq: -1 MESSAGE")],
  ["a CSeq without a method", "bad-cseq", instead("CSeq", "CSeq: 7")],
  ["a CSeq without a number", "bad-cseq", instead("CSeq", "CSeq: MESSAGE")],
  ["a CSeq without a blank", "bad-cseq", instead("CSeq", "CSeq: 7MESSAGE")],
  ["a CSeq with two methods", "bad-cseq", instead("CSeq", "CSeq: 7 MESSAGE INVITE")],
  ["another method in CSeq", "cseq-method-mismatch", instead("CSeq", "CSeq: 7 INVITE")],
  [
    "the method in another case in CSeq",
    "cseq-method-mismatch",
    instead("CSeq", "CSeq: 7 Message"),
  ],
  ["Max-Forwards over 255", "bad-max-forwards", instead("Max-Forwards", "Max-Forwards: 256")],
  ["a negative Max-Forwards", "bad-max-forwards", instead("Max-Forwards", "Max-Forwards: -1")],
  ["an empty Max-Forwards", "bad-max-forwards", instead("Max-Forwards", "Max-Forwards:")],
  // Responses.
  ["a status code of four digits", "bad-status-code", response("SIP/2.0 2000 OK")],
  ["a status code of 2^32 + 5", "bad-status-code", response("SIP/2.0 4294967301 OK")],
  ["status 99", "bad-status-code", response("SIP/2.0 099 OK")],
  ["status 700", "bad-status-code", response("SIP/2.0 700 OK")],
  ["a status code with a letter", "bad-start-line", response("SIP/2.0 2O0 OK")],
  ["a response of version 3.0", "bad-version", response("SIP/3.0 200 OK")],
  ["a response with two blanks", "bad-start-line", response("SIP/2.0  200 OK")],
  [
    "a response with a CSeq out of range",
    "bad-cseq",
    response("SIP/2.0 200 OK", "CSeq: 9292394834772304023312 MESSAGE"),
  ],
];

describe("parseDatagram", () => {
  it("reads a request", () => {
    const result = parseDatagram(bytesOf(GOOD), LIMITS);
    if (!result.ok) throw new Error(result.problem.code);
    const message = result.value;
    expect(message).toMatchObject({
      kind: "request",
      method: "MESSAGE",
      requestUri: "sip:bob@example.com",
      callId: "a84b4c76e66710@192.0.2.10",
      cseq: { number: 7, method: "MESSAGE" },
      fromTag: "aa11",
      toTag: undefined,
      headerCount: 8,
      contentLengthPresent: true,
    });
    expect(message.body.toString()).toBe(BODY);
    expect(message.bytes.equals(bytesOf(GOOD))).toBe(true);
  });

  it("reads a response", () => {
    const result = parseDatagram(response("SIP/2.0 486 Occup\u00c3\u00a9"), LIMITS);
    expect(result).toMatchObject({
      ok: true,
      value: { kind: "response", status: 486, reason: "Occupé" },
    });
  });

  it.each(["SIP/2.0 200 ", "SIP/2.0 200", "sip/2.0 200 OK"])("bears the status line %j", (line) => {
    expect(parseDatagram(response(line), LIMITS)).toMatchObject({ value: { status: 200 } });
  });

  it.each(MALFORMED)("refuses %s as %s", (_name, code, bytes) => {
    const result = parseDatagram(bytes, LIMITS);
    expect(result.ok ? "read" : result.problem.code).toBe(code);
  });

  it("has more than 120 malformed messages in its table, no two alike", () => {
    expect(MALFORMED.length).toBeGreaterThan(120);
    expect(new Set(MALFORMED.map(([, , bytes]) => bytes.toString("latin1"))).size).toBe(
      MALFORMED.length,
    );
  });

  it("gives the partial request of every malformed request that has a usable Via", () => {
    const silent = MALFORMED.filter(([, , bytes]) => {
      const result = parseDatagram(bytes, LIMITS);
      return !result.ok && result.problem.partial === undefined;
    });
    expect(silent.map(([name]) => name)).toEqual([
      "a start line over the limit",
      "a tab after the method",
      "a blank before the method",
      "a method alone",
      "no method",
      "a method that is no token",
      "a header field as the start line",
      "no Via",
      "nothing but a start line",
      ...MALFORMED.slice(-8).map(([name]) => name),
    ]);
  });

  it("never offers a damaged value of a partial request", () => {
    const result = parseDatagram(instead("To", "To: <sip:bob@example.com>\0\r\rX"), LIMITS);
    if (result.ok) throw new Error("was read");
    const { partial } = result.problem;
    expect(partial?.value(HeaderId.To)).toBeUndefined();
    expect(partial?.value(HeaderId.CallId)).toBe("a84b4c76e66710@192.0.2.10");
    expect(partial?.body).toHaveLength(0);
  });

  it("gives empty values for what a partial request lacks", () => {
    const result = parseDatagram(bytesOf([GOOD[0] ?? "", "Via: nonsense"]), LIMITS);
    if (result.ok) throw new Error("was read");
    const { partial } = result.problem;
    if (partial === undefined) throw new Error("no partial");
    expect(partial).toMatchObject({
      callId: "",
      cseq: { number: 0, method: "" },
      fromTag: undefined,
    });
    expect(topmostVia(partial)).toMatchObject({ transport: "", host: "", branch: undefined });
  });

  it.each(["", "\r\n", "\r\n\r\n", "\0", "\0\0\0\0", "  "])("knows the keep-alive %j", (text) => {
    expect(parseDatagram(Buffer.from(text), LIMITS)).toMatchObject({
      problem: { code: "keepalive" },
    });
  });

  it("skips line ends before the message", () => {
    const result = parseDatagram(Buffer.concat([Buffer.from("\r\n\r\n"), bytesOf(GOOD)]), LIMITS);
    expect(result.ok && result.value.bytes.equals(bytesOf(GOOD))).toBe(true);
  });

  it("cuts off what follows the body", () => {
    const result = parseDatagram(bytesOf(GOOD, "hello, INVITE sip:x SIP/2.0"), LIMITS);
    expect(result.ok && result.value.bytes.equals(bytesOf(GOOD))).toBe(true);
  });

  it("takes the rest of the datagram without Content-Length", () => {
    const result = parseDatagram(bytesOf(GOOD.slice(0, 8), "the rest"), LIMITS);
    if (!result.ok) throw new Error(result.problem.code);
    expect(result.value.contentLengthPresent).toBe(false);
    expect(result.value.body.toString()).toBe("the rest");
  });

  it.each([
    [
      "a request of an RFC 2543 peer",
      bytesOf(GOOD.filter((line) => !line.startsWith("Max-Forwards"))),
    ],
    ["a Via without branch, in lower case", instead("Via", "Via: SIP/2.0/tcp 192.0.2.10:5060")],
    [
      "a Via with blanks and folds",
      instead("Via", "Via: SIP / 2.0", " / UDP", "\t192.0.2.10 : 5060 ; branch", " = z9hG4bKa"),
    ],
    [
      "a quoted comma in a Via parameter",
      instead("Via", 'Via: SIP/2.0/UDP 192.0.2.10;x="a,b";branch=z9hG4bKa'),
    ],
    ["blanks before a colon", instead("To", "To \t : <sip:bob@example.com>")],
    ["a folded Subject", plus("Subject: a", "\tb", "  c")],
    ["an empty value", plus("Subject:", "Organization: ")],
    ["a value that begins on the next line", instead("Call-ID", "Call-ID:", " abc")],
    ["another scheme", startLine("MESSAGE soap.beep://192.0.2.103:3002 SIP/2.0")],
    ["a tel URI", startLine("MESSAGE tel:+15550100 SIP/2.0")],
    [
      "a rich user part",
      startLine(
        "MESSAGE sip:bob;a=b?c&d=e/f:pass@example.com:5060;maddr=192.0.2.1;transport=tcp SIP/2.0",
      ),
    ],
    ["an IPv6 host", startLine("MESSAGE sip:bob@[2001:db8::192.0.2.1]:5070;lr SIP/2.0")],
    [
      "an escaped NUL in a display name",
      instead("From", 'From: "A\\\0B" <sip:alice@example.com>;tag=1'),
    ],
    [
      "a display name in UTF-8 without quotes",
      instead("From", "From: J\u00c3\u00bcrgen <sip:j@example.com>;tag=1"),
    ],
    ["no blank before the bracket", instead("From", "From: caller<sip:c@example.com>;tag=1")],
    ["the version in lower case", startLine("MESSAGE sip:bob@example.com sip/2.0")],
    [
      "an unknown method",
      bytesOf([
        "N%45W-m sip:bob@example.com SIP/2.0",
        ...GOOD.slice(1, 6),
        "CSeq: 1 N%45W-m",
        "l: 5",
      ]),
    ],
  ])("reads %s", (_name, bytes) => {
    const result = parseDatagram(bytes, LIMITS);
    expect(result.ok ? "read" : result.problem.code).toBe("read");
  });

  it("agrees with the framer on every malformed message", () => {
    const framed = MALFORMED.map(([, , bytes]) => {
      const [frame] = createSipFramer(LIMITS).push(bytes);
      return frame?.kind === "problem" ? frame.problem.code : (frame?.kind ?? "waits");
    });
    const read = MALFORMED.map(([, code]) => code);
    const waits = new Set<string>(["incomplete-head", "incomplete-body"]);
    const differ = MALFORMED.filter(
      (_, i) => framed[i] !== read[i] && !(framed[i] === "waits" && waits.has(read[i] ?? "")),
    );
    // What has no length is over the limit in a datagram and without an end on a stream; so is a head without fields.
    expect(differ.map(([name]) => name)).toEqual([
      "a body over the limit without a length",
      "nothing but a start line",
    ]);
  });
});

import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  property,
  tuple,
  uint8Array,
  type Arbitrary,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalSplices } from "../../src/wire/sip/canonical.ts";
import { createSipFramer, type SipFrame } from "../../src/wire/sip/framer.ts";
import { HeaderId } from "../../src/wire/sip/header-names.ts";
import { parseDatagram, type SipLimits } from "../../src/wire/sip/parse-message.ts";
import { applySplices } from "../../src/wire/sip/splice.ts";
import { topmostVia } from "../../src/wire/sip/via.ts";

const LIMITS: SipLimits = { maxHeadBytes: 900, maxHeaderCount: 20, maxBodyBytes: 300 };
const RUNS = Number(process.env["SLUICE_FUZZ_RUNS"] ?? 3_000);

/** Lines to make messages of: good ones, legal oddities, and lies. */
const FIELDS: readonly string[] = [
  "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;rport",
  "v: SIP / 2.0 / tcp [2001:db8::1]:5060 ;\r\n branch=1, SIP/2.0/UDP h",
  'From: "A, \\"B" <sip:a@example.com>;tag=1',
  "f : sip:a@example.com;tag=2",
  "To: <sip:b@example.com>",
  "t:\r\n sip:b@example.com",
  "Call-ID: abc@h",
  "i: x",
  "CSeq: 1 MESSAGE",
  "CSeq: 0002\r\n\tMESSAGE",
  "Content-Type: text/plain",
  "c : text/html",
  "Max-Forwards: 70",
  "Subject: \u00e9\u00ff",
  "Subject: a\n",
  "Subject: \r",
  "Subject",
  " folded",
  "  ",
  "X: \0",
  "Content-Length: 5",
  "l: 3",
  "Content-Length: 70000",
];
const CORE = [0, 2, 4, 6, 8];

const body: Arbitrary<string> = constantFrom(
  "",
  "hello",
  "\r\n\r\n",
  "MESSAGE sip:x SIP/2.0\r\n",
  "\0\n\r",
);

/** A message that is good at its core, with any further lines. */
const message: Arbitrary<Buffer> = tuple(
  constantFrom(
    "MESSAGE sip:b@example.com SIP/2.0",
    "SIP/2.0 200 OK",
    "MESSAGE sip:b@example.com SIP/2.0 ",
  ),
  array(nat(FIELDS.length - 1), { maxLength: 3 }),
  body,
  constantFrom(0, 0, 0, 0, -1, 1),
).map(([line, more, text, lie]) =>
  Buffer.from(
    [
      line,
      ...CORE.map((i) => FIELDS[i]),
      ...more.map((i) => FIELDS[i]),
      `Content-Length: ${text.length + lie}`,
      "",
      text,
    ].join("\r\n"),
    "latin1",
  ),
);

/** A message of which nothing is wrong. */
const goodMessage: Arbitrary<Buffer> = tuple(
  array(constantFrom(10, 12, 13, 3), { maxLength: 3 }),
  body,
  integer({ min: 0, max: 99 }),
).map(([more, text, number]) =>
  Buffer.from(
    [
      "MESSAGE sip:b@example.com SIP/2.0",
      FIELDS[1],
      ...new Set(more.map((i) => (i === 3 ? "X : y" : FIELDS[i]))),
      FIELDS[2],
      FIELDS[5],
      `i: ${number}`,
      FIELDS[9],
      `l: ${text.length}`,
      "",
      text,
    ].join("\r\n"),
    "latin1",
  ),
);

const lineEnds: Arbitrary<Buffer> = constantFrom("\r\n", "\r\n\r\n", "\r", "\n").map((text) =>
  Buffer.from(text),
);

const stream: Arbitrary<Buffer> = array(
  tuple(message, goodMessage, lineEnds, nat(5)).map(([odd, good, ends, pick]) =>
    pick === 0
      ? odd
      : pick === 1
        ? ends
        : pick === 2
          ? Buffer.concat([Buffer.from("\r\n"), good])
          : good,
  ),
  { maxLength: 5 },
).map((parts) => Buffer.concat(parts));

function told(frames: readonly SipFrame[]): readonly string[] {
  return frames.map((frame) => {
    if (frame.kind === "message") return frame.message.bytes.toString("latin1");
    if (frame.kind === "ping") return "ping";
    const { code, partial } = frame.problem;
    return `${code} ${frame.fatal} ${partial?.bytes.toString("latin1")}`;
  });
}

function cut(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, i) =>
    Buffer.from(bytes.subarray(start, places[i] ?? bytes.length)),
  );
}

describe("createSipFramer", () => {
  it("gives the same frames however the stream is cut", () => {
    assert(
      property(stream, array(nat(5_000), { maxLength: 12 }), (bytes, at) => {
        const whole = createSipFramer(LIMITS);
        const pieces = createSipFramer(LIMITS);
        const expected = told(whole.push(bytes));
        expect(told(cut(bytes, at).flatMap((chunk) => pieces.push(chunk)))).toEqual(expected);
        expect(pieces.bufferedBytes).toBe(whole.bufferedBytes);
        expect(pieces.midMessage).toBe(whole.midMessage);
      }),
      { numRuns: RUNS },
    );
  });

  it("gives the same frames byte by byte", () => {
    assert(
      property(stream, (bytes) => {
        const framer = createSipFramer(LIMITS);
        const frames = [...bytes].flatMap((byte) => framer.push(Buffer.from([byte])));
        expect(told(frames)).toEqual(told(createSipFramer(LIMITS).push(bytes)));
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it("reads a message as a datagram with it would be read", () => {
    assert(
      property(goodMessage, array(goodMessage, { maxLength: 3 }), (first, rest) => {
        const [frame] = createSipFramer(LIMITS).push(Buffer.concat([first, ...rest]));
        const datagram = parseDatagram(Buffer.concat([first, ...rest]), LIMITS);
        expect(datagram.ok && datagram.value.bytes.equals(first)).toBe(true);
        expect(frame?.kind === "message" && frame.message.bytes.equals(first)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("bears any bytes in bounded memory", () => {
    assert(
      property(array(uint8Array({ maxLength: 200 }), { maxLength: 30 }), (chunks) => {
        const framer = createSipFramer(LIMITS);
        for (const chunk of chunks) {
          framer.push(Buffer.from(chunk));
          expect(framer.bufferedBytes).toBeLessThanOrEqual(
            LIMITS.maxHeadBytes + LIMITS.maxBodyBytes,
          );
        }
      }),
      { numRuns: RUNS / 10 },
    );
  });
});

/** Asks everything of a message that somebody may ask. */
function readAll(bytes: Buffer): string {
  const result = parseDatagram(bytes, LIMITS);
  const value = result.ok ? result.value : result.problem.partial;
  if (value === undefined) return "nothing";
  for (let i = 0; i < value.headerCount; i++) {
    if (/[\r\n]/.test(value.valueAt(i) + value.nameAt(i)))
      throw new Error("a line break in a value");
    value.utf8At(i);
  }
  const { branch, params } = topmostVia(value);
  return [branch, params.size, value.callId, value.cseq.number, value.fromTag, value.toTag].join();
}

describe("parseDatagram", () => {
  it("never throws on any bytes", () => {
    assert(
      property(uint8Array({ maxLength: 400 }), (bytes) => {
        expect(readAll(Buffer.from(bytes))).toBeTypeOf("string");
      }),
      { numRuns: RUNS },
    );
  });

  it("never throws on messages with bytes changed, and what it reads is what came", () => {
    assert(
      property(message, array(tuple(nat(600), nat(255)), { maxLength: 6 }), (bytes, changes) => {
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        expect(readAll(bytes)).toBeTypeOf("string");
        const result = parseDatagram(bytes, LIMITS);
        expect(!result.ok || bytes.indexOf(result.value.bytes) >= 0).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("reads a message again as itself, and its canonical form as the same message", () => {
    assert(
      property(goodMessage, (bytes) => {
        const first = parseDatagram(bytes, LIMITS);
        if (!first.ok) throw new Error(first.problem.code);
        const { value } = first;
        expect(applySplices(value.bytes, []).equals(bytes)).toBe(true);
        const canonical = applySplices(bytes, canonicalSplices(value));
        const again = parseDatagram(canonical, LIMITS);
        if (!again.ok) throw new Error(again.problem.code);
        expect(again.value.body.equals(value.body)).toBe(true);
        expect(again.value.cseq).toEqual(value.cseq);
        for (const id of [HeaderId.From, HeaderId.To, HeaderId.CallId, HeaderId.ContentType]) {
          expect(again.value.value(id)).toBe(value.value(id));
        }
        expect(canonicalSplices(again.value)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

import { describe, expect, it } from "vitest";
import { createSipFramer, type SipFrame } from "./framer.ts";
import type { SipLimits } from "./parse-message.ts";

const LIMITS: SipLimits = { maxHeadBytes: 2_000, maxHeaderCount: 40, maxBodyBytes: 5_000 };

function message(callId: string, body: string, ...more: readonly string[]): Buffer {
  return Buffer.from(
    [
      "MESSAGE sip:bob@example.com SIP/2.0",
      "Via: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKa1",
      "From: <sip:alice@example.com>;tag=aa11",
      "To: <sip:bob@example.com>",
      `Call-ID: ${callId}`,
      "CSeq: 1 MESSAGE",
      ...more,
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
    "latin1",
  );
}

/** What came, in words. */
function told(frames: readonly SipFrame[]): readonly string[] {
  return frames.map((frame) => {
    if (frame.kind === "message")
      return `${frame.message.callId}: ${frame.message.body.toString()}`;
    return frame.kind === "ping" ? "ping" : `${frame.problem.code}${frame.fatal ? ", fatal" : ""}`;
  });
}

describe("createSipFramer", () => {
  it("cuts several messages out of one chunk", () => {
    const framer = createSipFramer(LIMITS);
    const chunk = Buffer.concat([message("a", "one"), message("b", ""), message("c", "three")]);
    expect(told(framer.push(chunk))).toEqual(["a: one", "b: ", "c: three"]);
    expect(framer.bufferedBytes).toBe(0);
  });

  it("puts a message together from single bytes", () => {
    const framer = createSipFramer(LIMITS);
    const frames = [...message("a", "one\r\n\r\ntwo")].flatMap((byte) =>
      framer.push(Buffer.from([byte])),
    );
    expect(told(frames)).toEqual(["a: one\r\n\r\ntwo"]);
  });

  it("says whether a message has begun", () => {
    const framer = createSipFramer(LIMITS);
    expect(framer.midMessage).toBe(false);
    framer.push(Buffer.from("\r\n"));
    expect(framer.midMessage).toBe(false);
    framer.push(Buffer.from("MESS"));
    expect([framer.midMessage, framer.bufferedBytes]).toEqual([true, 4]);
  });

  it("takes a CR before other bytes for the beginning of a message", () => {
    const framer = createSipFramer(LIMITS);
    const told: boolean[] = [];
    for (const piece of ["\r\n\r\n", "\r", "\n\r", "MESS", "AGE"]) {
      framer.push(Buffer.from(piece));
      told.push(framer.midMessage);
    }
    expect(told).toEqual([false, false, false, true, true]);
  });

  it("tells pings from line ends before a message, however they are cut", () => {
    const bytes = Buffer.concat([
      Buffer.from("\r\n\r\n"),
      message("a", "one"),
      Buffer.from("\r\n"),
      message("b", "two"),
      Buffer.from("\r\n\r\n\r\n\r\n"),
    ]);
    const expected = ["ping", "a: one", "b: two", "ping", "ping"];
    expect(told(createSipFramer(LIMITS).push(bytes))).toEqual(expected);
    const framer = createSipFramer(LIMITS);
    expect(told([...bytes].flatMap((byte) => framer.push(Buffer.from([byte]))))).toEqual(expected);
  });

  it("refuses a declared length over the limit at once and keeps nothing", () => {
    const framer = createSipFramer(LIMITS);
    const head = message("a", "")
      .toString()
      .replace("Content-Length: 0", "Content-Length: 4000000000");
    expect(told(framer.push(Buffer.from(head)))).toEqual(["body-too-large, fatal"]);
    expect([framer.bufferedBytes, framer.midMessage]).toEqual([0, false]);
  });

  it("gives nothing more after a fatal problem", () => {
    const framer = createSipFramer(LIMITS);
    const bad = Buffer.from(message("a", "").toString().replace("Content-Length: 0\r\n", ""));
    expect(told(framer.push(Buffer.concat([bad, message("b", "two")])))).toEqual([
      "content-length-required, fatal",
    ]);
    expect(framer.push(message("c", "three"))).toEqual([]);
  });

  it("goes on after a message of too many fields, wherever its length stands among them", () => {
    const framer = createSipFramer(LIMITS);
    const many = Array.from({ length: LIMITS.maxHeaderCount + 5 }, (_, i) => `X-${i}: y`);
    const first = message("a", "one", ...many);
    const last = Buffer.from(
      first
        .toString()
        .replace("Content-Length: 3\r\n", "")
        .replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n"),
    );
    const told3 = told(framer.push(Buffer.concat([first, last, message("b", "two")])));
    expect(told3).toEqual(["too-many-headers", "too-many-headers", "b: two"]);
    const twice = Buffer.from(last.toString().replace("\r\n\r\n", "\r\nl: 3\r\n\r\n"));
    expect(told(framer.push(twice))).toEqual(["duplicate-header, fatal"]);
  });

  it("goes on after a message that is framed well and wrong otherwise", () => {
    const framer = createSipFramer(LIMITS);
    const bad = Buffer.from(
      message("a", "INVITE sip:x SIP/2.0").toString().replace("CSeq: 1", "CSeq: x"),
    );
    expect(told(framer.push(Buffer.concat([bad, message("b", "two")])))).toEqual([
      "bad-cseq",
      "b: two",
    ]);
  });

  it.each([
    [
      "a head over the limit",
      message("a", "", `Subject: ${"x".repeat(2_000)}`),
      "head-too-large, fatal",
    ],
    ["a head that never ends", Buffer.alloc(3_000, "x"), "head-too-large, fatal"],
    ["a bare LF", message("a", "", "Subject: a\nb: c"), "bare-line-break, fatal"],
    ["a NUL", message("a", "", "Subject: a\0"), "nul-in-head, fatal"],
    ["a line that is no field", message("a", "", "Subject"), "bad-header-line, fatal"],
    ["two lengths", message("a", "", "l: 3"), "duplicate-header, fatal"],
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "bad-start-line, fatal"],
    [
      "lines that end in LF",
      Buffer.from("MESSAGE sip:b@c SIP/2.0\nl: 0\n\n"),
      "bare-line-break, fatal",
    ],
    ["a lone LF between messages", Buffer.from("\n\n"), "bare-line-break, fatal"],
  ])("refuses %s the same way whole and in single bytes", (_name, bytes, expected) => {
    expect(told(createSipFramer(LIMITS).push(bytes))).toEqual([expected]);
    const framer = createSipFramer(LIMITS);
    expect(told([...bytes].flatMap((byte) => framer.push(Buffer.from([byte]))))).toEqual([
      expected,
    ]);
    expect(framer.bufferedBytes).toBeLessThanOrEqual(LIMITS.maxHeadBytes);
  });

  it("does not keep a large chunk alive for a small message", () => {
    const chunk = Buffer.alloc(60_000);
    const one = message("a", "one");
    one.copy(chunk);
    const [frame] = createSipFramer(LIMITS).push(chunk.subarray(0, one.length));
    expect(frame?.kind === "message" && frame.message.bytes.buffer === chunk.buffer).toBe(false);
  });

  it("leaves what it keeps alone when the caller reuses the chunk", () => {
    const framer = createSipFramer(LIMITS);
    const whole = message("a", "one");
    const chunk = Buffer.from(whole.subarray(0, 50));
    framer.push(chunk);
    chunk.fill(0);
    expect(told(framer.push(whole.subarray(50)))).toEqual(["a: one"]);
  });

  it("takes linear time over single bytes", () => {
    const limits = { ...LIMITS, maxHeadBytes: 200_000, maxBodyBytes: 200_000 };
    const whole = message("a", "y".repeat(100_000), `Subject: ${"x".repeat(100_000)}`);
    const framer = createSipFramer(limits);
    let frames = 0;
    for (let p = 0; p < whole.length; p++) frames += framer.push(whole.subarray(p, p + 1)).length;
    expect(frames).toBe(1);
  });
});

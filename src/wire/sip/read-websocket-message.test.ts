import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SipFrame } from "./framer.ts";
import { readWebSocketMessage } from "./read-websocket-message.ts";

const LIMITS = { maxHeadBytes: 4000, maxHeaderCount: 50, maxBodyBytes: 1000 };

function text(body = "hello", contentLength: string | undefined = String(body.length)): string {
  const lines = [
    "MESSAGE sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks",
    "Max-Forwards: 70",
    "From: <sip:alice@example.com>;tag=1",
    "To: <sip:bob@example.com>",
    "Call-ID: 1",
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    ...(contentLength === undefined ? [] : [`Content-Length: ${contentLength}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function read(message: string): SipFrame | undefined {
  return readWebSocketMessage(Buffer.from(message), LIMITS);
}

/** The body of a message that was read, or the code of the problem. */
function outcomeOf(message: string): string | undefined {
  const frame = read(message);
  if (frame?.kind === "message") return frame.message.body.toString();
  return frame?.kind === "problem" ? frame.problem.code : frame?.kind;
}

describe("readWebSocketMessage", () => {
  it("reads a message with and without Content-Length", () => {
    expect(outcomeOf(text())).toBe("hello");
    expect(outcomeOf(text("hello", ""))).toBe("bad-content-length");
    const without = text().replace(/Content-Length.*\r\n/, "");
    expect(outcomeOf(without)).toBe("hello");
    expect(outcomeOf(`\r\n${text()}`)).toBe("hello");
  });

  it.each([
    ["two messages", text() + text()],
    ["a line end behind the message", `${text()}\r\n`],
    ["a body longer than declared", text("hello", "4")],
  ])("refuses %s, and goes on", (_, message) => {
    const frame = read(message);
    expect(frame).toMatchObject({
      kind: "problem",
      fatal: false,
      problem: { code: "bytes-after-body", partial: { method: "MESSAGE" } },
    });
  });

  it.each([
    ["a body shorter than declared", text("hello", "6"), "incomplete-body"],
    ["a body above the limit", text("x".repeat(1001)), "body-too-large"],
    [
      "a head above the limit",
      text().replace("Max-", `X: ${"x".repeat(4000)}\r\nMax-`),
      "head-too-large",
    ],
    ["half a head", text().slice(0, 80), "incomplete-head"],
    ["no SIP", "hello", "incomplete-head"],
  ])("refuses %s", (_, message, code) => {
    expect(outcomeOf(message)).toBe(code);
  });

  it("tells a keep-alive from its answer (RFC 5626 §3.5.1)", () => {
    expect(read("\r\n\r\n")).toEqual({ kind: "ping" });
    for (const other of ["\r\n", "", "\n\n", "\r\n\r\n\r\n"]) expect(read(other)).toBeUndefined();
  });

  it("keeps no large receive buffer for a small message", () => {
    const chunk = Buffer.alloc(65_536);
    const message = Buffer.from(text());
    message.copy(chunk, 100);
    const frame = readWebSocketMessage(chunk.subarray(100, 100 + message.length), LIMITS);
    expect(frame).toMatchObject({ kind: "message" });
    chunk.fill(0);
    expect(frame?.kind === "message" ? frame.message.bytes.equals(message) : undefined).toBe(true);
  });

  it("never throws, whatever comes", () => {
    const pieces = fc.constantFrom(
      text(),
      "\r\n",
      "Content-Length: 5\r\n",
      "\0",
      "SIP/2.0 200 OK\r\n",
      "x",
    );
    fc.assert(
      fc.property(fc.array(pieces), fc.nat(500), (parts, cut) => {
        read(parts.join("").slice(cut));
      }),
    );
  });
});

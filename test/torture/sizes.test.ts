import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsOf } from "../support/gateway-figures.ts";
import { fateInAWord, TortureStage } from "../support/torture-stage.ts";

interface Oversized {
  readonly name: string;
  /** As fateInAWord has it. */
  readonly expected: string;
  readonly more?: readonly string[];
  readonly length?: string;
}

/** HARDENING P5: what says that it is large, and what is. */
const OVERSIZED: readonly Oversized[] = [
  { name: "four gigabytes announced", expected: "413 closed", length: "4294967295" },
  { name: "2^53 announced", expected: "400 closed", length: "9007199254740993" },
  { name: "10,000 header fields", expected: "400", more: lines(10_000, "X-H: 1") },
  {
    name: "a header field of 70,000 bytes",
    expected: "513",
    more: [`X-Long: ${"x".repeat(70_000)}`],
  },
  {
    name: "a header field of 300,000 bytes",
    expected: "513 closed",
    more: [`X-Long: ${"x".repeat(300_000)}`],
  },
  {
    name: "300 Vias, a line each",
    expected: "400",
    more: lines(300, "Via: SIP/2.0/TCP h.example.com;branch=z9hG4bKa"),
  },
  {
    name: "300 Vias in one line",
    expected: "forwarded",
    more: [`Via: ${lines(300, "SIP/2.0/TCP h.example.com;branch=z9hG4bKa").join(", ")}`],
  },
  {
    name: "1,000 Routes",
    expected: "forwarded",
    more: [`Route: ${lines(1000, "<sip:192.0.2.7;lr>").join(", ")}`],
  },
  {
    name: "1,000 parameters of a Contact",
    expected: "forwarded",
    more: [`Contact: <sip:a@b>${";p=1".repeat(1000)}`],
  },
  { name: "10,000 folds", expected: "forwarded", more: [`X-Folded: a${"\r\n b".repeat(10_000)}`] },
  { name: "Max-Forwards of 256", expected: "400", more: ["Max-Forwards: 256"] },
];

describe("a message of more than there should be", () => {
  let stage: TortureStage;

  beforeAll(async () => {
    stage = await TortureStage.open();
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it.each(OVERSIZED)("is dealt with at once: $name", async ({ name, expected, more, length }) => {
    const startedAt = performance.now();
    const fate = await stage.send("tcp", message(name, more ?? [], length ?? "5"));
    expect(fateInAWord(fate)).toBe(expected);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it("leaves no bytes behind", async () => {
    const { transport } = await statsOf(stage.gateway);
    expect(transport?.["bytesHeld"]).toBe(0);
  });
});

function lines(count: number, line: string): readonly string[] {
  return Array.from({ length: count }, () => line);
}

function message(name: string, more: readonly string[], length: string): Buffer {
  const id = name.replaceAll(/\W/g, "-");
  const hops = more.some((line) => line.startsWith("Max-Forwards")) ? [] : ["Max-Forwards: 70"];
  const head = [
    "MESSAGE sip:bob@example.test SIP/2.0",
    `Via: SIP/2.0/TCP stranger.example.net;branch=z9hG4bK${id}`,
    ...hops,
    "From: <sip:mallory@example.net>;tag=1",
    "To: <sip:bob@example.test>",
    `Call-ID: ${id}`,
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    ...more,
    `Content-Length: ${length}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\nhello`, "latin1");
}

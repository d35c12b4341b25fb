import {
  array,
  asyncProperty,
  assert,
  constantFrom,
  integer,
  property,
  string,
  tuple,
  uint8Array,
  type Arbitrary,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { scanByClamscan } from "../../src/scan/clamd-clamscan.ts";
import { createClamdEngine } from "../../src/scan/clamd-engine.ts";
import { scanByInstream } from "../../src/scan/clamd-instream.ts";
import { parseClamdReply } from "../../src/scan/clamd-reply.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { FakeClamd } from "../support/fake-clamd.ts";

const RUNS = Number(process.env["SLUICE_FUZZ_RUNS"] ?? 10_000);
const EXACT: readonly string[] = ["stream: OK\0", "stream: OK\n"];

/** Pieces of which replies, and lies that look like them, are made. */
const PIECES = [
  "stream: OK",
  "stream",
  ":",
  " ",
  "OK",
  "FOUND",
  "ERROR",
  "\0",
  "\n",
  "\r",
  "	",
  "\xA0",
  "Eicar",
  "Heuristics.Encrypted.Zip",
  "Heuristics.Limits.Exceeded.MaxFiles",
  "PUA.X",
  "1: ",
  "INSTREAM size limit exceeded. ERROR",
  "COMMAND READ TIMED OUT",
  "UNKNOWN COMMAND",
  "PONG",
];

/** A true reply with one byte changed, added or taken away. */
const damaged: Arbitrary<string> = tuple(
  constantFrom(...EXACT, "stream: Eicar FOUND\0"),
  integer({ min: 0, max: 20 }),
  constantFrom("change", "add", "drop"),
  integer({ min: 0, max: 255 }),
).map(([reply, position, how, byte]) => {
  const at = Math.min(position, reply.length);
  const inserted = how === "drop" ? "" : String.fromCharCode(byte);
  return reply.slice(0, at) + inserted + reply.slice(how === "add" ? at : at + 1);
});

const hostile: Arbitrary<string> = tuple(integer({ min: 0, max: 9 }), damaged).chain(
  ([kind, broken]): Arbitrary<string> => {
    if (kind < 4) return constantFrom(broken);
    if (kind < 8)
      return array(constantFrom(...PIECES), { maxLength: 6 }).map((all) => all.join(""));
    if (kind === 8) return string({ maxLength: 50 });
    return uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  },
);

describe("parseClamdReply", () => {
  it("calls nothing clean but the one exact line", () => {
    let clean = 0;
    assert(
      property(hostile, (reply) => {
        const { kind } = parseClamdReply(Buffer.from(reply, "latin1"));
        const isExact = EXACT.includes(reply);
        if (isExact) clean += 1;
        expect(kind === "clean").toBe(isExact);
      }),
      { numRuns: RUNS },
    );
    // the exact line was among them, so that "never clean" would have failed
    expect(clean).toBeGreaterThan(0);
  });
});

describe.each([
  ["instream", scanByInstream],
  ["clamscan", scanByClamscan],
] as const)("a whole scan by %s", (_name, client) => {
  it("calls nothing clean but the one exact line", async () => {
    await using clamd = await FakeClamd.start();
    await using engine = createClamdEngine(
      { clock: systemClock, client },
      { address: clamd.address, required: true },
    );
    const source = createMemorySource(Buffer.from("some words"));
    const never = new AbortController().signal;
    await assert(
      asyncProperty(hostile, async (reply) => {
        clamd.fault = { reply };
        const { kind } = await engine.scan(source, never);
        const latin1 = Buffer.from(reply, "latin1").toString("latin1");
        expect(kind === "clean").toBe(EXACT.includes(latin1));
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
    expect(clamd.streams).toBeGreaterThanOrEqual(Math.ceil(RUNS / 10));
  });
});

import {
  array,
  asyncProperty,
  assert,
  constantFrom,
  integer,
  property,
  tuple,
  uint8Array,
  type Arbitrary,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { BodyComparison } from "../../src/scan/body-comparison.ts";
import { createIcapEngine } from "../../src/scan/icap-engine.ts";
import { IcapReplyParser } from "../../src/scan/icap-reply-parser.ts";
import { icapVerdict } from "../../src/scan/icap-verdict.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { FakeIcap } from "../support/fake-icap.ts";

const RUNS = Number(process.env["SLUICE_FUZZ_RUNS"] ?? 10_000);
const FILE = "some words";
const SOURCE = createMemorySource(Buffer.from(FILE));

const NO_CONTENT = "ICAP/1.0 204 No Content\r\n\r\n";
const HTTP = "HTTP/1.1 200 OK\r\n\r\n";
const GIVEN_BACK = `ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=${HTTP.length}\r\n\r\n${HTTP}a\r\n${FILE}\r\n0\r\n\r\n`;
const FOUND = `ICAP/1.0 200 OK\r\nX-Virus-ID: Eicar\r\nEncapsulated: null-body=0\r\n\r\n`;

/** Pieces of which responses, and lies that look like them, are made. */
const PIECES = [
  "ICAP/1.0 204 No Content",
  "ICAP/1.0 200 OK",
  "ICAP/1.0 100 Continue",
  "HTTP/1.1 204 No Content",
  "ICAP/1.0 ",
  "204",
  "\r\n",
  "\r\n\r\n",
  "\n",
  " ",
  "\0",
  "Encapsulated: null-body=0",
  "Encapsulated: res-hdr=0, res-body=19",
  "Encapsulated: res-body=0",
  HTTP,
  "a\r\n",
  FILE,
  "0\r\n\r\n",
  "0; ieof\r\n\r\n",
  "X-Virus-ID: Eicar",
  'ISTag: "x"',
];

/** A true response with one byte changed, added or taken away. */
const damaged: Arbitrary<string> = tuple(
  constantFrom(NO_CONTENT, GIVEN_BACK, FOUND),
  integer({ min: 0, max: 130 }),
  constantFrom("change", "add", "drop", "cut"),
  integer({ min: 0, max: 255 }),
).map(([reply, position, how, byte]) => {
  const at = Math.min(position, reply.length);
  if (how === "cut") return reply.slice(0, at);
  const inserted = how === "drop" ? "" : String.fromCharCode(byte);
  return reply.slice(0, at) + inserted + reply.slice(how === "add" ? at : at + 1);
});

const hostile: Arbitrary<string> = tuple(integer({ min: 0, max: 9 }), damaged).chain(
  ([kind, broken]): Arbitrary<string> => {
    if (kind < 5) return constantFrom(broken);
    if (kind < 9)
      return array(constantFrom(...PIECES), { maxLength: 8 }).map((all) => all.join(""));
    return uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  },
);

/** Written apart from the code under test: what a response may be that means clean. */
function meansClean(reply: string): boolean {
  const [head = "", ...more] = reply.split("\r\n\r\n");
  const [first = "", ...fields] = head.split("\r\n");
  const isWritten = fields.every(
    (field) =>
      /^[!#-'*+.0-9A-Z^-z|~-]+:[\t\x20-\x7e\x80-\xff]*$/.test(field) || /^[ \t]/.test(field),
  );
  if (!isWritten || fields.some((field) => /^x-(?:virus-id|infection-found):/i.test(field)))
    return false;
  if (/^ICAP\/1\.0 204(?: [^\r\n\0]*)?$/.test(first)) return more.join("\r\n\r\n") === "";
  if (!/^ICAP\/1\.0 200(?: [^\r\n\0]*)?$/.test(first)) return false;
  const body = more.join("\r\n\r\n").replace(/^HTTP\/1\.[01] 200[\s\S]*?\r\n\r\n/, "");
  // sizes may have zeros ahead (RFC 2616, 3.6.1)
  return new RegExp(`^0*a\r\n${FILE}\r\n0+\r\n\r\n$`, "i").test(body);
}

describe("icapVerdict", () => {
  it("calls nothing clean but a whole 204, and a 200 with the same bytes, however it is cut", () => {
    let clean = 0;
    assert(
      property(hostile, integer({ min: 1, max: 200 }), (reply, piece) => {
        const comparison = new BodyComparison(SOURCE);
        const parser = new IcapReplyParser((bytes) => comparison.push(bytes));
        const bytes = Buffer.from(reply, "latin1");
        for (let at = 0; at < bytes.length; at += piece)
          parser.push(bytes.subarray(at, at + piece));
        const verdict = icapVerdict({ method: "RESPMOD", parser, comparison, allSent: true });
        if (verdict.kind !== "clean") return;
        clean += 1;
        expect(meansClean(bytes.toString("latin1"))).toBe(true);
      }),
      { numRuns: RUNS },
    );
    // some were, so that "never clean" would have failed
    expect(clean).toBeGreaterThan(0);
  });

  it("calls no response clean before everything was sent", () => {
    for (const reply of [NO_CONTENT, GIVEN_BACK]) {
      const comparison = new BodyComparison(SOURCE);
      const parser = new IcapReplyParser((bytes) => comparison.push(bytes));
      parser.push(Buffer.from(reply, "latin1"));
      const seen = { method: "RESPMOD", parser, comparison } as const;
      expect(icapVerdict({ ...seen, allSent: true }).kind).toBe("clean");
      expect(icapVerdict({ ...seen, allSent: false }).kind).toBe("unscannable");
    }
  });
});

describe("a whole scan", () => {
  it("calls nothing clean but what means it", async () => {
    await using icap = await FakeIcap.start();
    await using engine = createIcapEngine(
      { clock: systemClock },
      { address: icap.address, required: true },
    );
    const never = new AbortController().signal;
    expect(await engine.probe(never)).toBeUndefined();
    await assert(
      asyncProperty(hostile, async (reply) => {
        icap.fault = { reply };
        const { kind } = await engine.scan(SOURCE, never);
        const isLie =
          kind === "clean" && !meansClean(Buffer.from(reply, "latin1").toString("latin1"));
        expect(isLie).toBe(false);
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });
});

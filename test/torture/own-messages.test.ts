import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTortureFiles } from "../support/torture-file.ts";
import { fateInAWord, TortureStage } from "../support/torture-stage.ts";

const FILES = readTortureFiles(join(import.meta.dirname, "sip"));
const CASES = FILES.flatMap((file) =>
  (["udp", "tcp"] as const).map((transport) => ({ ...file, transport })),
);

describe("our own message for each clause of RFC 4475 and RFC 5118, at the running gateway", () => {
  let stage: TortureStage;

  beforeAll(async () => {
    stage = await TortureStage.open();
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it("is there for every clause", () => {
    const clauses = FILES.flatMap(
      ({ clause }) => /^RFC (4475|5118) §[\d.]+/.exec(clause)?.[0] ?? [],
    );
    expect(new Set(clauses).size).toBe(49 + 10);
  });

  it.each(CASES)("$transport, $name", async ({ transport, expected, bytes }) => {
    const message = bytes(transport);
    const fate = await stage.send(transport, message);
    expect(fateInAWord(fate)).toBe(expected[transport]);
    for (const request of fate.forwarded) {
      // What went on is what came: neither request line nor body has changed.
      expect(message.includes(`${request.startLine}\r\n`)).toBe(true);
      expect(message.includes(request.body)).toBe(true);
    }
  });
});

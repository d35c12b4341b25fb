import { array, assert, integer, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerReader } from "./process-frames.ts";
import { YARA_ANSWERS, type YaraAnswer } from "./yara-messages.ts";

const ANSWER: YaraAnswer = {
  kind: "scanned",
  matches: [{ file: "ä.yar", rule: "A", suspicious: false }],
  residentBytes: 1,
};

function framed(body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** What comes of the first piece that decides. */
function read(pieces: readonly Buffer[]): YaraAnswer | "garbled" | undefined {
  const reader = new AnswerReader(YARA_ANSWERS);
  for (const piece of pieces) {
    const answer = reader.push(piece);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

describe("AnswerReader", () => {
  it("reads an answer however it is cut", () => {
    const whole = framed(Buffer.from(JSON.stringify(ANSWER)));
    const cuts = array(integer({ min: 0, max: whole.length }), { maxLength: 5 });
    assert(
      property(cuts, (places) => {
        const ends = [...places.toSorted((a, b) => a - b), whole.length];
        const pieces = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
        expect(read(pieces)).toEqual(ANSWER);
      }),
    );
  });

  it("takes nothing else for one", () => {
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        expect([undefined, "garbled"]).toContain(read([Buffer.from(bytes)]));
        expect(read([framed(Buffer.from(bytes))])).toBe("garbled");
      }),
    );
  });

  it("collects no more than an answer may have", () => {
    expect(read([Buffer.from([0, 4, 0, 1])])).toBe("garbled");
    expect(read([Buffer.from([255, 255, 255, 255])])).toBe("garbled");
  });
});

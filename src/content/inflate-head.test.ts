import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { inflateHead } from "./inflate-head.ts";

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc
    .array(fc.constantFrom(..."PK\x03\x04 aaaaab".split("")), { maxLength: 2000 })
    .map((signs) => Buffer.from(signs.join(""))),
  fc
    .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(60))
    .map(([one, times]) => Buffer.concat(Array.from({ length: times }, () => one))),
);
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FIXED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
  ),
  memLevel: fc.integer({ min: 1, max: 9 }),
});

describe("inflateHead", () => {
  it("gives the first bytes of whatever was deflated", () => {
    fc.assert(
      fc.property(bytes, options, (data, how) => {
        expect(inflateHead(deflateRawSync(data, how))).toEqual(Buffer.from(data.subarray(0, 512)));
      }),
      { numRuns: 1000 },
    );
  });

  it("gives what comes before the end of a piece, and nothing else", () => {
    fc.assert(
      fc.property(bytes, options, fc.nat(600), (data, how, length) => {
        const head = inflateHead(deflateRawSync(data, how).subarray(0, length));
        expect(head).toEqual(Buffer.from(data.subarray(0, head.length)));
      }),
    );
  });

  it("gives something of any bytes, without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1400 }), (data) => {
        expect(inflateHead(data).length).toBeLessThanOrEqual(512);
      }),
      { numRuns: 2000 },
    );
  });

  it("has the head of random bytes, packed as badly as can be, in 1,400 bytes", () => {
    const random = seededRandom(3);
    const data = Buffer.from(Array.from({ length: 4000 }, () => Math.floor(random() * 256)));
    const packed = deflateRawSync(data, { strategy: constants.Z_HUFFMAN_ONLY });
    expect(inflateHead(packed.subarray(0, 1400))).toEqual(data.subarray(0, 512));
  });

  it("does not follow blocks without end that hold nothing", () => {
    const empty = Buffer.from([0, 0, 0, 0xff, 0xff]);
    const real = deflateRawSync(Buffer.from("PK\x03\x04"));
    const few = Buffer.concat([...Array.from({ length: 7 }, () => empty), real]);
    expect(inflateHead(few).toString("latin1")).toBe("PK\x03\x04");
    const many = Buffer.concat([...Array.from({ length: 8 }, () => empty), real]);
    expect(inflateHead(many)).toHaveLength(0);
  });
});

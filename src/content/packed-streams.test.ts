import { randomBytes } from "node:crypto";
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { array, assert, constantFrom, integer, property, tuple, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { PACKED_SAMPLES, SAMPLE_CONTENT } from "../../test/support/packed-samples.ts";
import { ByteInput } from "./byte-input.ts";
import { viewOf } from "./byte-view.ts";
import { bunzip2 } from "./bzip2-stream.ts";
import { gunzip } from "./gzip-stream.ts";
import { inflate } from "./inflate-stream.ts";
import { lookIntoFile } from "./look-into-file.ts";
import { Unreadable } from "./unreadable.ts";
import { unpackXz } from "./xz-stream.ts";
import { unpackZstd } from "./zstd-stream.ts";

type Unpacker = (input: ByteInput) => Generator<Buffer, void>;

function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** What comes out; why nothing more does. */
function unpacked(unpack: Unpacker, packed: Buffer, pieceLength = 1000): Buffer | string {
  const found: Buffer[] = [];
  try {
    for (const piece of unpack(new ByteInput(pieces(packed, pieceLength)))) found.push(piece);
    return Buffer.concat(found);
  } catch (error) {
    if (error instanceof Unreadable) return error.problem;
    throw error;
  }
}

const sample = (name: keyof typeof PACKED_SAMPLES): Buffer =>
  Buffer.from(PACKED_SAMPLES[name], "base64");

const gunzipAll: Unpacker = (input) => gunzip(input, []);

const WAYS: readonly (readonly [string, Unpacker, Buffer])[] = [
  ["gzip", gunzipAll, gzipSync(SAMPLE_CONTENT)],
  ["bzip2", bunzip2, sample("bzip2")],
  ["xz", unpackXz, sample("xz")],
  ["xz without a checksum", unpackXz, sample("xzNoCheck")],
  ["zstd", unpackZstd, zstdCompressSync(SAMPLE_CONTENT)],
];

describe("inflate", () => {
  it("gives back what zlib has packed, and takes no byte more", () => {
    const contents = [
      Buffer.alloc(0),
      randomBytes(100_000),
      Buffer.alloc(1_000_000),
      Buffer.concat([SAMPLE_CONTENT, randomBytes(40_000), SAMPLE_CONTENT]),
      Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) >> 7)),
    ];
    const behind = Buffer.from("behind");
    for (const content of contents) {
      for (const level of [0, 1, 6, 9]) {
        for (const pieceLength of [3, 4096]) {
          const packed = Buffer.concat([deflateRawSync(content, { level }), behind]);
          const input = new ByteInput(pieces(packed, pieceLength));
          expect(Buffer.concat([...inflate(input)]).equals(content)).toBe(true);
          expect(input.take(10)).toEqual(behind);
        }
      }
    }
  });
});

describe.each(WAYS)("what is packed by %s", (_, unpack, packed) => {
  it("comes out however it is cut", () => {
    for (const length of [1, 2, 7, 100_000]) {
      expect(unpacked(unpack, packed, length)).toEqual(SAMPLE_CONTENT);
    }
  });

  it("may come in several streams, with zeros behind, and nothing else", () => {
    const twice = Buffer.concat([packed, packed, Buffer.alloc(12)]);
    expect(unpacked(unpack, twice)).toEqual(Buffer.concat([SAMPLE_CONTENT, SAMPLE_CONTENT]));
    expect(unpacked(unpack, Buffer.concat([packed, Buffer.from("more")]))).toBe("corrupt");
  });

  it("is corrupt wherever it is cut off", () => {
    for (let length = 1; length < packed.length; length += 1 + (length >> 4)) {
      expect(unpacked(unpack, packed.subarray(0, length))).toBe("corrupt");
    }
  });

  it("ends, with what it held or a reason, whatever is changed in it", () => {
    const edits = array(
      tuple(integer({ min: 0, max: packed.length - 1 }), integer({ max: 255, min: 0 })),
      { minLength: 1, maxLength: 4 },
    );
    assert(
      property(edits, (changes) => {
        const changed = Buffer.from(packed);
        for (const [at, value] of changes) changed[at] = value;
        const found = unpacked(unpack, changed);
        expect(typeof found === "string" || found.length < 20e6).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("unpackers", () => {
  it("take any bytes", () => {
    const ways = constantFrom<Unpacker>(inflate, gunzipAll, bunzip2, unpackXz, unpackZstd);
    const heads = constantFrom(
      "",
      "\x1f\x8b\x08\0\0\0\0\0\0\0",
      "BZh91AY&SY",
      "\xfd7zXZ\0\0\x01",
      "\x28\xb5\x2f\xfd",
    );
    assert(
      property(ways, heads, uint8Array({ maxLength: 300 }), (unpack, head, bytes) => {
        unpacked(unpack, Buffer.concat([Buffer.from(head, "latin1"), bytes]));
      }),
      { numRuns: 2000 },
    );
  });

  it("open a zip that is packed with LZMA", () => {
    const look = lookIntoFile(viewOf(sample("lzmaZip")));
    expect(look).toMatchObject({ problem: undefined, archive: { names: ["a.txt"] } });
  });
});

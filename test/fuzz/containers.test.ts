import { assert, constantFrom, integer, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { viewOf, type ByteView } from "../../src/content/byte-view.ts";
import { fileContent } from "../../src/content/file-content.ts";
import { lookIntoFile, type FileLook } from "../../src/content/look-into-file.ts";
import { containerSamples } from "../support/container-samples.ts";

const SAMPLES = containerSamples();

/** Looks, and holds the work that it took against the size: reads, and bytes read. */
function lookBounded(bytes: Buffer): FileLook {
  const inner = viewOf(bytes);
  let reads = 0;
  let read = 0;
  const view: ByteView = {
    size: inner.size,
    read(start, length) {
      const piece = inner.read(start, length);
      reads += 1;
      read += piece.length;
      return piece;
    },
  };
  const look = lookIntoFile(view);
  fileContent(look, undefined);
  expect(reads).toBeLessThan(20_000);
  expect(read).toBeLessThan(8 * 1024 * 1024 + 16 * bytes.length);
  return look;
}

/** It shows members, or says why not: what its magic number claims is never passed over. */
function isTold({ archive, problem }: FileLook): boolean {
  return problem !== undefined || (archive?.members ?? 0) > 0;
}

describe.each(SAMPLES.map((sample) => [sample.title, sample] as const))("%s", (_, sample) => {
  const { bytes, magicEnd } = sample;

  it("is told wherever it is cut", () => {
    for (let length = magicEnd; length <= bytes.length; length += sample.step) {
      expect([length, isTold(lookBounded(bytes.subarray(0, length)))]).toEqual([length, true]);
    }
  });

  it("is told whatever byte of it is another one", () => {
    const change = property(
      integer({ min: magicEnd, max: bytes.length - 1 }),
      integer({ min: 1, max: 255 }),
      (at, by) => {
        const other = Buffer.from(bytes);
        other[at] = (other[at] ?? 0) ^ by;
        expect([at, by, isTold(lookBounded(other))]).toEqual([at, by, true]);
      },
    );
    assert(change, { numRuns: sample.step > 1 ? 150 : 600 });
  });

  it("is told when its fields say something else", () => {
    // four or eight bytes of ones or of zeros: sizes, counts and places that lie
    const lie = property(
      integer({ min: magicEnd, max: bytes.length - 1 }),
      constantFrom(1, 2, 4, 8),
      constantFrom(0, 0x7f, 0x80, 0xff),
      (at, length, value) => {
        const other = Buffer.from(bytes).fill(value, at, Math.min(at + length, bytes.length));
        expect([at, length, value, isTold(lookBounded(other))]).toEqual([at, length, value, true]);
      },
    );
    assert(lie, { numRuns: sample.step > 1 ? 150 : 600 });
  });

  it("is told when anything follows its magic number", () => {
    const any = property(uint8Array({ maxLength: 600 }), (rest) => {
      const other = Buffer.concat([bytes.subarray(0, magicEnd), rest]);
      expect(isTold(lookBounded(other))).toBe(true);
    });
    assert(any, { numRuns: 300 });
  });
});

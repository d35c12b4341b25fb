import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createBodyOpener,
  createBodySealer,
  FRAME_BYTES,
  frameCountOf,
  HEADER_BYTES,
  plainBytesOf,
  SEALED_FRAME_BYTES,
} from "./sealed-body.ts";

const KEY = Buffer.alloc(32, 1);
const ID = "01ARYZ6S41TSV4RRFFQ69G5FAV";

describe("createBodyOpener", () => {
  const sealer = createBodySealer(KEY, ID);
  const place = { index: 3, last: false };
  const frame = sealer.sealFrame(place, Buffer.from("frame"));
  const opener = createBodyOpener([KEY], ID, sealer.header);

  it("opens a frame in its place", () => {
    expect(opener.openFrame(place, frame).toString()).toBe("frame");
  });

  it.each([
    { index: 2, last: false },
    { index: 4, last: false },
    { index: 3, last: true },
  ])("does not open it as frame $index, last: $last", (elsewhere) => {
    expect(() => opener.openFrame(elsewhere, frame)).toThrow(
      expect.objectContaining({ code: "QUARANTINE_DAMAGED" }),
    );
  });

  it("seals the same bytes differently in every frame", () => {
    const other = sealer.sealFrame({ index: 4, last: false }, Buffer.from("frame"));
    expect(other.subarray(0, 5).equals(frame.subarray(0, 5))).toBe(false);
  });

  it("opens no header of another object, key or version", () => {
    const other = "01ARYZ6S41TSV4RRFFQ69G5FAW";
    const version2 = Buffer.from(sealer.header);
    version2.writeUInt8(2, 7);
    expect(() => createBodyOpener([KEY], other, sealer.header)).toThrow(/damaged/);
    expect(() => createBodyOpener([Buffer.alloc(32, 2)], ID, sealer.header)).toThrow(/damaged/);
    expect(() => createBodyOpener([KEY], ID, version2)).toThrow(/no header of ours/);
  });

  it("opens nothing but what was sealed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        fc.pre(!frame.equals(bytes));
        expect(() => opener.openFrame(place, Buffer.from(bytes))).toThrow(/damaged/);
        expect(() => createBodyOpener([KEY], ID, Buffer.from(bytes))).toThrow(/header of ours/);
      }),
    );
  });
});

describe("plainBytesOf", () => {
  it("gives the length of the file back, for every length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (size) => {
        const frames = Math.max(1, Math.ceil(size / FRAME_BYTES));
        const body = HEADER_BYTES + size + frames * 16;
        expect(plainBytesOf(body)).toBe(size);
        expect(frameCountOf(body)).toBe(frames);
      }),
    );
  });

  it.each([0, HEADER_BYTES, HEADER_BYTES + 15, HEADER_BYTES + SEALED_FRAME_BYTES + 16])(
    "knows that no body has %d bytes",
    (bytes) => {
      expect(plainBytesOf(bytes)).toBeUndefined();
    },
  );
});

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CHUNK_BYTES, createChunkWriter } from "./chunk-writer.ts";
import { VECTORS, vectorKeys } from "./vectors.test-data.ts";

/** Lengths and payload of the chunks of some wire bytes. */
function taken(wire: Buffer): { lengths: number[]; payload: Buffer } {
  const lengths: number[] = [];
  const payload: Buffer[] = [];
  for (let at = 0; at < wire.length;) {
    expect(wire[at]).toBe(0);
    const length = wire.readUInt16LE(at + 1);
    lengths.push(length);
    payload.push(wire.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  return { lengths, payload: Buffer.concat(payload) };
}

describe("createChunkWriter", () => {
  it.each(VECTORS)("encrypts $name as the known client does", ({ plain, cipherSha256 }) => {
    const { payload } = taken(createChunkWriter(vectorKeys()).frame(plain));
    expect(payload).toHaveLength(plain.length);
    expect(createHash("sha256").update(payload).digest("hex")).toBe(cipherSha256);
  });

  it("cuts into chunks that every client takes", () => {
    const writer = createChunkWriter(vectorKeys());
    expect(taken(writer.frame(Buffer.alloc(5000))).lengths).toEqual([2045, 2045, 910]);
  });

  it("goes on with the same stream from call to call", () => {
    const plain = Buffer.alloc(3 * CHUNK_BYTES + 7, "x");
    const writer = createChunkWriter(vectorKeys());
    const pieces = [plain.subarray(0, CHUNK_BYTES), plain.subarray(CHUNK_BYTES)];
    const wire = Buffer.concat(pieces.map((piece) => writer.frame(piece)));
    expect(wire.equals(createChunkWriter(vectorKeys()).frame(plain))).toBe(true);
  });
});

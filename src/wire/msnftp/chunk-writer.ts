import type { SecureKeys } from "./secure-keys.ts";

/**
 * Payload bytes of one chunk as we send it.
 * COMPAT(Forefront): its relay broke on chunks beyond 2048 bytes with their header, so that clients keep to that.
 */
export const CHUNK_BYTES = 2045;
/** 00, then the length, little endian. */
const HEADER_BYTES = 3;

/** After the last byte of the plain variant, or in place of a next chunk when the sender gives up. */
export const END_MARKER: Buffer = Buffer.from([1, 0, 0]);

/** Cuts a file into chunks, from its beginning, and encrypts them where there are keys. */
export interface ChunkWriter {
  /**
   * The wire form of the next bytes. All calls but the last bring a multiple of CHUNK_BYTES.
   *
   * @param target where to write it: a buffer of at least `framedLength(plain.length)`, by default a new one
   */
  frame(plain: Buffer, target?: Buffer): Buffer;
}

/** Bytes on the wire for so many bytes of content. */
export function framedLength(plainLength: number): number {
  return plainLength + Math.ceil(plainLength / CHUNK_BYTES) * HEADER_BYTES;
}

/** @param keys undefined: the plain variant, in clear */
export function createChunkWriter(keys: SecureKeys | undefined): ChunkWriter {
  const cipher = keys?.cipher();
  return {
    frame(plain, target = Buffer.allocUnsafe(framedLength(plain.length))): Buffer {
      const framed = target.subarray(0, framedLength(plain.length));
      let to = 0;
      for (let from = 0; from < plain.length; from += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, plain.length - from);
        framed[to] = 0;
        framed[to + 1] = length & 0xff;
        framed[to + 2] = length >> 8;
        if (cipher === undefined) plain.copy(framed, to + HEADER_BYTES, from, from + length);
        else cipher.apply(plain, from, framed, to + HEADER_BYTES, length);
        to += HEADER_BYTES + length;
      }
      return framed;
    },
  };
}

import type { SecureKeys } from "./secure-keys.ts";

/**
 * Payload bytes of one chunk as we send it.
 * COMPAT(Forefront): its relay broke on chunks beyond 2048 bytes with their header, so that clients keep to that.
 */
export const CHUNK_BYTES = 2045;
/** 00, then the length, little endian. */
const HEADER_BYTES = 3;

/** Encrypts a file and cuts it into chunks, from its beginning. */
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

export function createChunkWriter(keys: SecureKeys): ChunkWriter {
  const cipher = keys.cipher();
  return {
    frame(plain, target = Buffer.allocUnsafe(framedLength(plain.length))): Buffer {
      const framed = target.subarray(0, framedLength(plain.length));
      let to = 0;
      for (let from = 0; from < plain.length; from += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, plain.length - from);
        framed[to] = 0;
        framed[to + 1] = length & 0xff;
        framed[to + 2] = length >> 8;
        cipher.apply(plain, from, framed, to + HEADER_BYTES, length);
        to += HEADER_BYTES + length;
      }
      return framed;
    },
  };
}

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
  /** The wire form of the next bytes. All calls but the last bring a multiple of CHUNK_BYTES. */
  frame(plain: Buffer): Buffer;
}

export function createChunkWriter(keys: SecureKeys): ChunkWriter {
  const cipher = keys.cipher();
  return {
    frame(plain): Buffer {
      const chunks = Math.ceil(plain.length / CHUNK_BYTES);
      const framed = Buffer.allocUnsafe(plain.length + chunks * HEADER_BYTES);
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

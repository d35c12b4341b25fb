/**
 * Bytes that are read a piece at a time, wherever they are: in memory, or in a file of any size. Whoever looks into hostile
 * files takes offsets from them, so any offset is allowed and gives what is there.
 */
export interface ByteView {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `start` on, `length` of them or as many as there are; none for a place outside. */
  read(start: number, length: number): Buffer;
}

/** A view of bytes in memory. */
export function viewOf(bytes: Buffer): ByteView {
  return {
    size: bytes.length,
    read(start, length) {
      if (!Number.isSafeInteger(start) || start < 0 || length <= 0) return NOTHING;
      return bytes.subarray(start, Math.min(start + length, bytes.length));
    },
  };
}

const NOTHING = Buffer.alloc(0);

import { findPatterns, PATTERN_OVERLAP, type FoundPatterns } from "./builtin-patterns.ts";

/** What was seen of bytes that came once, from the beginning to the end. */
export interface Scanned {
  readonly found: FoundPatterns;
  readonly size: number;
  /** The last of them, at most 64 KiB. */
  readonly tail: Buffer;
}

const TAIL_BYTES = 64 * 1024;

/** Looks for what the builtin engine looks for. */
export function scanThrough(chunks: Iterable<Buffer>): Scanned {
  const found: FoundPatterns = { eicar: false, container: false };
  let window: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  let size = 0;
  for (const chunk of chunks) {
    const kept = window.subarray(Math.max(0, window.length - PATTERN_OVERLAP));
    window = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    findPatterns(window, size - kept.length, found);
    size += chunk.length;
    tail = chunk.length >= TAIL_BYTES ? chunk : Buffer.concat([tail, chunk]);
    if (tail.length > TAIL_BYTES) tail = tail.subarray(tail.length - TAIL_BYTES);
  }
  return { found, size, tail };
}

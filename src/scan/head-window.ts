import type { ScanSource } from "./scan-engine.ts";

/** How much of a file its type is judged by. Long, because an ID3 tag with a picture may stand before a program. */
export const HEAD_BYTES: number = 1024 * 1024;

/** The first bytes of a file; shorter when the file is. Throws when the source does. */
export function readHead(source: ScanSource): Buffer {
  const head = Buffer.allocUnsafe(Math.min(HEAD_BYTES, source.size));
  let length = 0;
  while (length < head.length) {
    const read = source.read(head.subarray(length), length);
    if (read === 0) break;
    length += read;
  }
  return head.subarray(0, length);
}

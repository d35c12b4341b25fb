import type { ScanSource } from "./scan-engine.ts";
import { MAX_SCAN_BYTES } from "./yara-messages.ts";

/** Of a file that is larger than can be looked at whole. */
const HEAD_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 1024 * 1024;

const PIECE_BYTES = 256 * 1024;

/** A stretch of a file that is looked at by itself. */
export interface YaraPart {
  readonly start: number;
  readonly size: number;
}

/** What YARA sees of a file: all of it, or its beginning and its end. */
export function yaraParts(size: number): readonly YaraPart[] {
  if (size <= MAX_SCAN_BYTES) return [{ start: 0, size }];
  return [
    { start: 0, size: HEAD_BYTES },
    { start: size - TAIL_BYTES, size: TAIL_BYTES },
  ];
}

/** The bytes of a part, a piece at a time. Throws when they cannot be read, or end too early. */
export function* readPart(source: ScanSource, part: YaraPart): Generator<Buffer> {
  const end = part.start + part.size;
  for (let position = part.start; position < end;) {
    // A new one each time: what was handed over may still wait to be sent.
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - position));
    const length = source.read(piece, position);
    if (length === 0) throw new Error("the file ended before its size");
    yield piece.subarray(0, length);
    position += length;
  }
}

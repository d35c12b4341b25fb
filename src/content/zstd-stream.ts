import { constants, zstdDecompressSync } from "node:zlib";
import type { ByteInput } from "./byte-input.ts";
import { Unreadable } from "./unreadable.ts";

/** Packed: it has to be here whole. */
const MAX_PACKED = 32 * 1024 * 1024;
/** Of one frame, which comes out at once. */
const MAX_FRAME = 64 * 1024 * 1024;
/** A frame may ask for a window of its own, by powers of two; the program takes 8 MiB, and 128 only when told to. */
const WINDOW_LOG = 25;

const MAGIC = 0xfd2f_b528;

/** Whether a frame begins here, or one that readers pass over (RFC 8878 §3.1). */
export function beginsZstd(head: Buffer): boolean {
  return head.length >= 4 && (head.readUInt32LE(0) === MAGIC || isSkippable(head));
}

function isSkippable(head: Buffer): boolean {
  return head.length >= 8 && head.readUInt32LE(0) >>> 4 === 0x0184_d2a5;
}

/** Unpacks zstd frame by frame. Throws `Unreadable`. */
export function* unpackZstd(input: ByteInput): Generator<Buffer, void> {
  const packed = input.take(MAX_PACKED);
  if (input.peek(1).length > 0) throw new Unreadable("partial");
  for (let at = 0; at < packed.length;) {
    const frame = packed.subarray(at);
    if (isSkippable(frame)) {
      at += 8 + frame.readUInt32LE(4);
      if (at > packed.length) throw new Unreadable("corrupt");
      continue;
    }
    if (!beginsZstd(frame)) {
      if (at === 0 || frame.some((byte) => byte !== 0)) throw new Unreadable("corrupt");
      return;
    }
    const length = frameLength(frame);
    if (length === undefined || length > frame.length) throw new Unreadable("corrupt");
    at += length;
    yield unpackFrame(frame.subarray(0, length));
  }
}

/** §3.1.1: the header says how long it is itself, each block how long it is. Undefined: it is cut off. */
function frameLength(frame: Buffer): number | undefined {
  const flags = frame[4] ?? 0;
  const isSingle = (flags & 0x20) !== 0;
  const contentSize = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
  let at = 5 + (isSingle ? 0 : 1) + dictionary + contentSize;
  for (let isLast = false; !isLast;) {
    if (at + 3 > frame.length) return undefined;
    const header = frame.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    const isRun = ((header >> 1) & 3) === 1;
    at += 3 + (isRun ? 1 : header >> 3);
  }
  return at + ((flags & 4) === 0 ? 0 : 4);
}

function unpackFrame(frame: Buffer): Buffer {
  try {
    return zstdDecompressSync(frame, {
      maxOutputLength: MAX_FRAME,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const isLarge = code === "ERR_BUFFER_TOO_LARGE" || code.includes("windowTooLarge");
    throw new Unreadable(isLarge ? "partial" : "corrupt");
  }
}

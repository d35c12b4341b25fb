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
    const { bytes, length } = unpackFrame(frame);
    if (length === 0) throw new Unreadable("corrupt");
    at += length;
    yield bytes;
  }
}

function unpackFrame(frame: Buffer): { readonly bytes: Buffer; readonly length: number } {
  try {
    const options = {
      maxOutputLength: MAX_FRAME,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
      info: true,
    };
    // With `info` the engine comes along, which knows how much it has read; the types do not say so.
    const unpacked = zstdDecompressSync(frame, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return { bytes: unpacked.buffer, length: unpacked.engine.bytesWritten };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const isLarge = code === "ERR_BUFFER_TOO_LARGE" || code.includes("windowTooLarge");
    throw new Unreadable(isLarge ? "partial" : "corrupt");
  }
}

import { constants, gunzipSync, inflateRawSync } from "node:zlib";

/** Deflate makes at most 1,032 bytes of one. */
const MOST_OF_ONE = 1032;

/** What came out: `whole` says whether it is all of it. */
export interface Inflated {
  readonly bytes: Buffer;
  readonly whole: boolean;
  /** It is no such data, or ends before its end. */
  readonly broken: boolean;
  /** How many packed bytes it was made of. */
  readonly packedLength: number;
  /** Bytes that may have been unpacked for it: more than came out where something is broken. */
  readonly work: number;
}

/**
 * Unpacks deflated bytes (zip's method 8) or a gzip file into at most `limit` bytes. Of what would be more, a beginning; of what is
 * broken, what came before the break, or nothing. Never throws.
 */
export function inflateBounded(packed: Buffer, kind: "raw" | "gzip", limit: number): Inflated {
  if (limit <= 0 || packed.length === 0) return { ...NOTHING, packedLength: packed.length };
  const all = attempt(packed, kind, limit, constants.Z_FINISH);
  if (typeof all !== "string") {
    const { length } = packed;
    return { bytes: all, whole: true, broken: false, packedLength: length, work: all.length };
  }
  // It is more than the limit, broken, or only its beginning: as much of it as cannot come to more.
  const beginning = packed.subarray(0, Math.max(64, Math.floor(limit / MOST_OF_ONE)));
  const bytes = attempt(beginning, kind, Math.max(limit, 64 * MOST_OF_ONE), constants.Z_SYNC_FLUSH);
  return {
    bytes: typeof bytes === "string" ? NOTHING.bytes : bytes.subarray(0, limit),
    whole: false,
    broken: all === "broken",
    packedLength: beginning.length,
    work: Math.min(limit, packed.length * MOST_OF_ONE),
  };
}

const NOTHING = { bytes: Buffer.alloc(0), whole: false, broken: false, work: 0 };

function attempt(
  packed: Buffer,
  kind: "raw" | "gzip",
  limit: number,
  finishFlush: number,
): Buffer | "more" | "broken" {
  const unpack = kind === "raw" ? inflateRawSync : gunzipSync;
  try {
    return unpack(packed, { maxOutputLength: limit, finishFlush });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    return code === "ERR_BUFFER_TOO_LARGE" ? "more" : "broken";
  }
}

import { trueType, type TrueType } from "../content/true-type.ts";
import { findPatterns, PATTERN_OVERLAP, type FoundPatterns } from "./builtin-patterns.ts";
import { HEAD_BYTES, readHead } from "./head-window.ts";
import { nextTurn } from "./next-turn.ts";
import type { ScanSource } from "./scan-engine.ts";

/** What a file is, as far as its bytes show without unpacking any. */
export interface Look {
  readonly eicar: boolean;
  readonly type: TrueType | undefined;
  /** It holds other files: archives, office files, PDF, disk images. What they hold was not seen. */
  readonly isContainer: boolean;
}

const CONTAINER_GROUPS: ReadonlySet<string> = new Set([
  "archive",
  "installer",
  "disk-image",
  "office",
]);

const WINDOW_BYTES = 256 * 1024;

/** After so many bytes the other work of the thread has its turn. */
const TURN_BYTES = 1024 * 1024;

/** Looks at bytes that are in memory. */
export function lookAt(bytes: Buffer): Look {
  const found: FoundPatterns = { eicar: false, zip: false };
  findPatterns(bytes, found);
  return lookOf(found, trueType(bytes.subarray(0, HEAD_BYTES)));
}

/**
 * Looks through a file of any size in windows, in constant memory; up to EICAR, for after that nothing can change what is said
 * of it. "short": it ended before its size. Rejects when it cannot be read.
 */
export async function lookThrough(
  source: ScanSource,
  signal: AbortSignal,
): Promise<Look | "short" | "aborted"> {
  const type = trueType(readHead(source));
  const buffer = Buffer.allocUnsafe(
    PATTERN_OVERLAP + Math.min(WINDOW_BYTES, Math.max(source.size, 1)),
  );
  const found: FoundPatterns = { eicar: false, zip: false };
  let kept = 0;
  let turnAt = TURN_BYTES;
  for (let position = 0; position < source.size && !found.eicar;) {
    if (signal.aborted) return "aborted";
    const wanted = Math.min(WINDOW_BYTES, source.size - position);
    const length = source.read(buffer.subarray(kept, kept + wanted), position);
    if (length === 0) return "short";
    const window = buffer.subarray(0, kept + length);
    findPatterns(window, found);
    kept = Math.min(PATTERN_OVERLAP, window.length);
    buffer.copyWithin(0, window.length - kept, window.length);
    position += length;
    if (position < turnAt) continue;
    turnAt = position + TURN_BYTES;
    await nextTurn();
  }
  return signal.aborted ? "aborted" : lookOf(found, type);
}

function lookOf(found: FoundPatterns, type: TrueType | undefined): Look {
  const isContainer = found.zip || (type !== undefined && isContainerType(type));
  return { eicar: found.eicar, type, isContainer };
}

function isContainerType(type: TrueType): boolean {
  return CONTAINER_GROUPS.has(type.group) || type.type === "application/pdf";
}

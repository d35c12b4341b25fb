import { trueType, type TrueType } from "../content/true-type.ts";
import { beginsContainer } from "../content/begins-container.ts";
import { findPatterns, PATTERN_OVERLAP, type FoundPatterns } from "../content/builtin-patterns.ts";
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

const WINDOW_BYTES = 256 * 1024;

/** After so many bytes the other work of the thread has its turn. */
const TURN_BYTES = 1024 * 1024;

/** Looks at bytes that are in memory. */
export function lookAt(bytes: Buffer): Look {
  const found: FoundPatterns = { eicar: false, container: false };
  findPatterns(bytes, 0, found);
  return lookOf(found, bytes.subarray(0, HEAD_BYTES));
}

/**
 * Looks through a file of any size in windows, in constant memory; up to EICAR, for after that nothing can change what is said
 * of it. "short": it ended before its size. Rejects when it cannot be read.
 */
export async function lookThrough(
  source: ScanSource,
  signal: AbortSignal,
): Promise<Look | "short" | "aborted"> {
  const head = readHead(source);
  const buffer = Buffer.allocUnsafe(
    PATTERN_OVERLAP + Math.min(WINDOW_BYTES, Math.max(source.size, 1)),
  );
  const found: FoundPatterns = { eicar: false, container: false };
  let kept = 0;
  let turnAt = TURN_BYTES;
  for (let position = 0; position < source.size && !found.eicar;) {
    if (signal.aborted) return "aborted";
    const wanted = Math.min(WINDOW_BYTES, source.size - position);
    const length = source.read(buffer.subarray(kept, kept + wanted), position);
    if (length === 0) return "short";
    const window = buffer.subarray(0, kept + length);
    findPatterns(window, position - kept, found);
    kept = Math.min(PATTERN_OVERLAP, window.length);
    buffer.copyWithin(0, window.length - kept, window.length);
    position += length;
    if (position < turnAt) continue;
    turnAt = position + TURN_BYTES;
    await nextTurn();
  }
  return signal.aborted ? "aborted" : lookOf(found, head);
}

function lookOf(found: FoundPatterns, head: Buffer): Look {
  const type = trueType(head);
  const isContainer = found.container || beginsContainer(head, type);
  return { eicar: found.eicar, type, isContainer };
}

import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { SecureKeys } from "../wire/msnftp/secure-keys.ts";
import type { ReleasedFile } from "./release.ts";

/** What goes in the place of a stopped file. */
export interface Replacement {
  readonly file: ReleasedFile;
  /** By the receiver's own keys; undefined: the plain variant. */
  readonly mac: string | undefined;
}

/** About 1 MiB at once; then others have their turn. */
const PIECE_BYTES = 1_048_576;
const BLANK = 0x20;

/**
 * A text, filled up with blanks to the size that was announced: the receiver's client takes exactly so many bytes (lcs.md B7.8). Undefined
 * when there is no text, or it is longer than that.
 */
export async function replacementOf(
  text: Uint8Array,
  size: number,
  keys: SecureKeys | undefined,
): Promise<Replacement | undefined> {
  if (text.length === 0 || text.length > size) return undefined;
  const read = (buffer: Buffer, position: number): number =>
    readPadded(text, size, buffer, position);
  const hash = createHash("sha256");
  const mac = keys?.mac();
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size));
  for (let at = 0; at < size;) {
    const count = read(piece, at);
    hash.update(piece.subarray(0, count));
    mac?.update(piece.subarray(0, count));
    at += count;
    if (at < size) await turn();
  }
  const file = { size, sha256: hash.digest("hex"), read, releasing: () => undefined };
  return { file, mac: mac?.digest("base64") };
}

function readPadded(text: Uint8Array, size: number, buffer: Buffer, position: number): number {
  const count = Math.max(0, Math.min(buffer.length, size - position));
  buffer.fill(BLANK, 0, count);
  if (position < text.length) buffer.set(text.subarray(position, position + count));
  return count;
}

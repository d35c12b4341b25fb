import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";

import { CHUNK_BYTES, createChunkWriter, framedLength } from "../wire/msnftp/chunk-writer.ts";
import type { SecureKeys } from "../wire/msnftp/secure-keys.ts";
import type { ReceiverLeg } from "./receiver-leg.ts";
import type { Release, ReleasedFile } from "./release.ts";

/** changed: it is not what was scanned, and its last piece was not sent. over: sent, or the leg has told why not. */
export type DeliveryEnd = "over" | "changed";

/** 32 chunks: 64 KiB with their headers, one write. */
const PIECE_BYTES = 32 * CHUNK_BYTES;
/** About 1 MiB; then others have their turn, even when the receiver takes everything at once. */
const PIECES_PER_TURN = 16;

/**
 * Sends a released file, from the descriptor that it was written through. It is hashed once more on its way, so that what
 * leaves whole is what was scanned (DESIGN invariant 2): the last piece waits for the comparison.
 *
 * @param keys undefined: it leaves in clear, as it came
 * @param onSent bytes of content handed over so far
 */
export async function deliverFile(
  release: Release,
  leg: ReceiverLeg,
  keys: SecureKeys | undefined,
  onSent: (bytes: number) => void,
): Promise<DeliveryEnd> {
  const { file } = release;
  const chunks = createChunkWriter(keys);
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, file.size));
  // One of each for the whole file: what is handed to the collector piece by piece adds up to the size of the file.
  const framed = Buffer.allocUnsafe(framedLength(buffer.length));
  leg.begin(file.size === 0);
  let sent = 0;
  for (let pieces = 1; sent < file.size; pieces += 1) {
    const plain = readPiece(file, buffer, sent);
    if (plain === undefined) return "changed";
    hash.update(plain);
    sent += plain.length;
    const isLast = sent === file.size;
    if (isLast && hash.digest("hex") !== file.sha256) return "changed";
    if (!(await leg.sendContent(release, chunks.frame(plain, framed), isLast))) return "over";
    onSent(sent);
    if (pieces % PIECES_PER_TURN === 0) await turn();
  }
  leg.finish(release);
  return "over";
}

/** A whole piece, for it is cut into chunks; undefined when the file is shorter than it says. */
function readPiece(file: ReleasedFile, buffer: Buffer, position: number): Buffer | undefined {
  const wanted = Math.min(buffer.length, file.size - position);
  let have = 0;
  while (have < wanted) {
    const count = file.read(buffer.subarray(have, wanted), position + have);
    if (count === 0) return undefined;
    have += count;
  }
  return buffer.subarray(0, have);
}

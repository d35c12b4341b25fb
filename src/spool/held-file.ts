import { closeSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { FileDigests } from "./hash-file.ts";
import { syncFolder } from "./private-folder.ts";
import type { Reservation } from "./room-ledger.ts";
import type { HeldFile } from "./spool.ts";
import { SpoolFailed } from "./spool-failed.ts";
import { eraseFile, type SpoolPlaces } from "./spool-places.ts";
import { UnchangedFile } from "./unchanged-file.ts";

const UNKNOWN: FileDigests = { sha256: "", sha1: "" };

/** What a complete file is made of. */
export interface HeldFileParts {
  readonly places: SpoolPlaces;
  readonly id: string;
  readonly size: number;
  /** Asked for when they are wanted first, and then kept. */
  readonly digests: () => FileDigests;
  /** Opened once and never by name again, so that nobody can put another file in its place; undefined: it could not be opened. */
  readonly descriptor: number | undefined;
  readonly reservation: Reservation;
}

/** A complete file; it owns the descriptor and the reservation from here on. Throws what the system says of the descriptor. */
export function createHeldFile(parts: HeldFileParts): HeldFile {
  const { places, id, size, reservation } = parts;
  const { descriptor } = parts;
  let gone = false;
  let known: FileDigests | undefined;
  const digests = (): FileDigests => (known ??= gone ? UNKNOWN : parts.digests());
  const content = { id, size, sha256: () => digests().sha256 };
  let file = descriptor === undefined ? undefined : new UnchangedFile(descriptor, content);

  function read(buffer: Buffer, position: number): number {
    if (file === undefined) {
      throw new SpoolFailed(
        "SPOOL_FAILED",
        `${id} cannot be read: ${gone ? "removed" : "not open"}`,
      );
    }
    // What somebody appended behind our back is not part of the file.
    const length = Math.min(buffer.length, size - position);
    if (length <= 0) return 0;
    try {
      return file.read(buffer, length, position);
    } catch (error) {
      throw SpoolFailed.from(error, `reading ${id}`);
    }
  }

  function releasing(): void {
    if (gone) throw new SpoolFailed("SPOOL_FAILED", `${id} has been removed`);
    const move = (): void => renameSync(join(places.held, id), join(places.releasing, id));
    try {
      if (file === undefined) move();
      else file.during(move);
      // Known to the disk before the receiver has a byte: a restart must know that it may have all of them.
      syncFolder(places.releasing);
      syncFolder(places.held);
    } catch (error) {
      throw SpoolFailed.from(error, `releasing ${id}`);
    }
  }

  function remove(): void {
    if (gone) return;
    gone = true;
    eraseFile(places, id);
    closeQuietly(descriptor);
    file = undefined;
    reservation.free();
  }

  return {
    id,
    size,
    get sha256() {
      return digests().sha256;
    },
    get sha1() {
      return digests().sha1;
    },
    read,
    releasing,
    remove,
  };
}

/** Closes a descriptor when there is one. What close reports late (EIO) concerns bytes that nobody wants any more. */
export function closeQuietly(descriptor: number | undefined): void {
  if (descriptor === undefined) return;
  try {
    closeSync(descriptor);
  } catch {
    // See above.
  }
}

import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Space on the disk that is kept for records: a file of random bytes (a file system that compresses would keep nothing of
 * zeros). When the disk is full the file goes, and records are written where it was; it is made anew when there is space for
 * both. Who fills the disk with anything else gets nothing of it.
 */
export interface RecordReserve {
  /** Gives the space to records. False: the disk is not full, or there is nothing to give. */
  spend(): boolean;
  /** Less space is left than is kept, or would be: what is no record has to wait. */
  readonly isNeeded: boolean;
  /** Takes the space, where it has none and twice as much is free. True when it has it only since now. */
  refill(): boolean;
}

const PIECE_BYTES = 1024 * 1024;

/** @param bytes 0: none is kept */
export function createRecordReserve(path: string, bytes: number): RecordReserve {
  let isHeld = holds(path, bytes);

  function spend(): boolean {
    if (!isHeld || freeBytes(path) >= bytes) return false;
    try {
      unlinkSync(path);
    } catch {
      // A read-only disk has nothing to give; or somebody has taken it by hand, and it is to be made anew.
      isHeld = holds(path, bytes);
      return false;
    }
    isHeld = false;
    return true;
  }

  function refill(): boolean {
    if (bytes === 0 || isHeld || freeBytes(path) < 2 * bytes) return false;
    isHeld = make(path, bytes);
    return isHeld;
  }

  if (!isHeld) remove(path);
  return {
    spend,
    get isNeeded() {
      return bytes > 0 && !isHeld && freeBytes(path) < bytes;
    },
    refill,
  };
}

/** Whether an earlier run has left it, whole. */
function holds(path: string, bytes: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return bytes > 0 && found?.isFile() === true && found.size === bytes;
}

function make(path: string, bytes: number): boolean {
  let descriptor: number | undefined;
  try {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
    descriptor = openSync(path, flags, 0o600);
    const piece = randomBytes(Math.min(PIECE_BYTES, bytes));
    for (let written = 0; written < bytes;) {
      written += writeSync(descriptor, piece, 0, Math.min(piece.length, bytes - written));
    }
    return true;
  } catch {
    // Others were quicker to take the space.
    if (descriptor !== undefined) remove(path);
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Of the disk that it lies on; none when it cannot be asked. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // There was none, or the disk is read-only.
  }
}

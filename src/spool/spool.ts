/**
 * The spool: files on their way, on disk, from the first byte until they are delivered or kept. All of it is synchronous
 * and meant for the relay's worker thread, whose own time it takes and not that of the thread pool that SIP shares.
 * States only move by rename: `incoming/<id>.part` → `held/<id>` (with `<id>.json`) → `releasing/<id>` → gone.
 */
export interface Spool {
  /** Reserves room by the announced size before a byte has come; every reservation ends with `discard` or `remove`. */
  admit(request: SpoolRequest): SpoolAdmission;
  /** Bytes reserved, in all. */
  readonly reservedBytes: number;
  /**
   * Files of an earlier run that had come in whole; incomplete ones have been deleted. Asked for once, at the start, before
   * anything is admitted. Throws SpoolFailed when the folders cannot be read.
   */
  recover(): readonly RecoveredFile[];
}

export interface SpoolRequest {
  /** Ours, a ULID; it becomes the file's name. */
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  /** Whose quota it counts against: the sender's address of record. */
  readonly owner: string;
}

export type SpoolAdmission =
  | { readonly kind: "admitted"; readonly file: IncomingFile }
  | { readonly kind: "refused"; readonly reason: SpoolRefusal };

export type SpoolRefusal =
  | "too-large"
  /** This owner has as many bytes or files in the spool as one may have. */
  | "quota"
  /** All owners together have as many bytes as there may be. */
  | "spool-full"
  /** The disk would be fuller than its mark. */
  | "no-space"
  | "failed";

/** A file while it comes in. */
export interface IncomingFile {
  /** Appends, counting and hashing. Throws SpoolFailed: SPOOL_FULL (no space on disk, or less than its mark leaves), SPOOL_OVERRUN (more than announced), SPOOL_CHANGED (by somebody else), SPOOL_FAILED. */
  write(bytes: Buffer): void;
  readonly receivedBytes: number;
  /**
   * All of it is here: makes it durable (fdatasync), writes the story beside it, and moves it to `held`.
   * Throws SpoolFailed; SPOOL_SHORT when bytes are missing.
   */
  complete(story: SpoolStory): HeldFile;
  /** Deletes the file and frees the reservation. Any number of times; does nothing once `complete` has handed the file over. Never throws. */
  discard(): void;
}

/** A complete file; it is a ScanSource and a KeepSource, read from the descriptor that it was written through. */
export interface HeldFile {
  readonly id: string;
  readonly size: number;
  /** Hex, computed while it was written; of a recovered file, of what is on the disk now ("" when that cannot be read). */
  readonly sha256: string;
  /** The same by SHA-1: what other lists and tools know files by; nothing here is decided by it. */
  readonly sha1: string;
  /** Reads into `buffer` from `position` on; the number of bytes, 0 at the end. Throws SpoolFailed, also once it is removed; SPOOL_CHANGED when somebody else has written to it. */
  read(buffer: Buffer, position: number): number;
  /** Delivery begins. Throws SpoolFailed. */
  releasing(): void;
  /** Deletes the file and frees the reservation. Any number of times. Never throws. */
  remove(): void;
}

/** What a restart must know of a file; plain JSON, written by the relay's owner and handed back to it. */
export type SpoolStory = Readonly<Record<string, unknown>>;

export interface RecoveredFile {
  readonly file: HeldFile;
  /** As given to `complete`; {} when it is lost or damaged. */
  readonly story: SpoolStory;
  /** "releasing": delivery had begun, so the receiver may have all of it. */
  readonly state: "held" | "releasing";
}

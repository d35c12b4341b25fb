import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";

/**
 * The file of the event log: opened for appending, one write per batch, only whole lines. It lives in the journal's
 * worker; calls block that thread alone. Rotation is the operator's (rename, then SIGUSR1); we never delete a log.
 */
export interface EventLogFile {
  /** Appends whole lines; all of them or, when it throws (disk full), none. */
  append(text: string): void;
  /** What was appended is on disk when this returns. */
  sync(): void;
  /** Opens the name anew: after a rotation, or when the file could not be opened before. */
  reopen(): void;
  /** The last `bytes` of the file, for finding what was already written before a crash. */
  tail(bytes: number): string;
  close(): void;
}

/** Opens or creates the file (mode 0640: a log shipper may share the group). Throws what the system says. */
export function openEventLogFile(path: string): EventLogFile {
  let descriptor = open(path);
  return {
    append(text) {
      const bytes = Buffer.from(text);
      const before = fstatSync(descriptor).size;
      try {
        writeWhole(descriptor, bytes);
      } catch (error) {
        // Half a line is worse than none: it would make the next line unreadable too.
        if (fstatSync(descriptor).size > before) ftruncateSync(descriptor, before);
        throw error;
      }
    },
    sync: () => fdatasyncSync(descriptor),
    reopen() {
      const fresh = open(path);
      closeSync(descriptor);
      descriptor = fresh;
    },
    tail: (bytes) => readTail(descriptor, bytes).toString(),
    close: () => closeSync(descriptor),
  };
}

function open(path: string): number {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
  const descriptor = openSync(path, flags, 0o640);
  try {
    mendTail(descriptor);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

const TORN_LINE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** A power cut may leave half a line at the end. What is one of ours is cut off; anything else gets a line end. */
function mendTail(descriptor: number): void {
  const info = fstatSync(descriptor);
  if (!info.isFile() || info.size === 0) return;
  const tail = readTail(descriptor, TORN_LINE_BYTES);
  if (tail.at(-1) === LINE_FEED) return;
  const torn = tail.subarray(tail.lastIndexOf(LINE_FEED) + 1);
  if (torn.toString("latin1", 0, 6) === '{"ts":') {
    ftruncateSync(descriptor, info.size - torn.length);
  } else {
    writeWhole(descriptor, Buffer.from("\n"));
  }
}

function readTail(descriptor: number, bytes: number): Buffer {
  const info = fstatSync(descriptor);
  if (!info.isFile()) return Buffer.alloc(0);
  const length = Math.min(bytes, info.size);
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const count = readSync(descriptor, buffer, read, length - read, info.size - length + read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}

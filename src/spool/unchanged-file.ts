import { readSync } from "node:fs";
import { stampOf } from "./file-stamp.ts";
import { hashFile } from "./hash-file.ts";
import { SpoolFailed } from "./spool-failed.ts";

/** What a file was when it was complete. */
export interface CompleteContent {
  readonly id: string;
  readonly size: number;
  /** Hex; asked for only where it is to be compared. */
  readonly sha256: () => string;
}

/**
 * Reads of a file that nobody else has business with, so that what is scanned, kept and delivered is what was received, and not what somebody put
 * there for a while. After each read its stamp must be the one that is known. Where it is another (a name less, a backup's link,
 * or a write), the whole file is hashed once more: if it is as it was, the read is repeated, else it fails.
 */
export class UnchangedFile {
  readonly #descriptor: number;
  readonly #content: CompleteContent;
  #stamp: string;

  /** The descriptor stays its owner's. Throws what the system says. */
  constructor(descriptor: number, content: CompleteContent) {
    this.#descriptor = descriptor;
    this.#content = content;
    this.#stamp = stampOf(descriptor);
  }

  /** Reads at most `length` bytes; throws SpoolFailed, SPOOL_CHANGED when they may not be those that were received. */
  read(buffer: Buffer, length: number, position: number): number {
    const count = readSync(this.#descriptor, buffer, 0, length, position);
    if (stampOf(this.#descriptor) === this.#stamp) return count;
    const before = stampOf(this.#descriptor);
    this.#expectContent();
    const again = readSync(this.#descriptor, buffer, 0, length, position);
    if (stampOf(this.#descriptor) !== before) throw this.#changed();
    this.#stamp = before;
    return again;
  }

  /** Runs something of our own that changes the stamp and not the bytes. */
  during(change: () => void): void {
    if (stampOf(this.#descriptor) !== this.#stamp) this.#expectContent();
    change();
    this.#stamp = stampOf(this.#descriptor);
  }

  #expectContent(): void {
    const { size, sha256 } = this.#content;
    let found: string | undefined;
    try {
      found = hashFile(this.#descriptor, size).sha256;
    } catch {
      // Shorter than it was.
    }
    if (found !== sha256()) throw this.#changed();
  }

  #changed(): SpoolFailed {
    const message = `${this.#content.id} was changed in the spool after it had been received`;
    return new SpoolFailed("SPOOL_CHANGED", message);
  }
}

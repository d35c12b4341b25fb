import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { BODY_NAME, itemPlace } from "./item-place.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";
import type { KeepSource } from "./quarantine.ts";
import { READ_OURS } from "./read-item.ts";
import {
  type BodyOpener,
  createBodyOpener,
  FRAME_BYTES,
  frameCountOf,
  HEADER_BYTES,
  plainBytesOf,
  SEALED_FRAME_BYTES,
} from "./sealed-body.ts";

/** What a kept file must be: its story's words. `id` is a ULID. */
export interface ExpectedFile {
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
}

/** A kept file, open to be read anywhere, any number of times; the way in which scan engines read. */
export interface KeptFile extends KeepSource, Disposable {
  /** Reads all of it. Rejects with QuarantineFailed when it is not the file of the story; what is read afterwards is. */
  check(): Promise<void>;
}

const FRAMES_PER_TURN = 16;

/**
 * Opens a kept file for reading in the thread of the engines, whose file access is synchronous. Throws QuarantineFailed when it is not
 * as it was stored, and what the system says (ENOENT: there are no bytes any more).
 */
export function openKept(
  store: { readonly dir: string; readonly keys: readonly Buffer[] },
  expected: ExpectedFile,
): KeptFile {
  const path = join(itemPlace(store.dir, expected.id).folder, BODY_NAME);
  const descriptor = openSync(path, READ_OURS);
  try {
    return new SealedFile(descriptor, store.keys, expected);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

class SealedFile implements KeptFile {
  readonly size: number;
  readonly sha256: string;
  readonly #descriptor: number;
  readonly #id: string;
  readonly #bodyBytes: number;
  readonly #frameCount: number;
  readonly #opener: BodyOpener;
  /** The frame that was read last: engines read in pieces of their own size. */
  #frame: { readonly index: number; readonly plain: Buffer } | undefined;

  constructor(descriptor: number, keys: readonly Buffer[], { id, size, sha256 }: ExpectedFile) {
    this.#descriptor = descriptor;
    this.#id = id;
    this.size = size;
    this.sha256 = sha256;
    const status = fstatSync(descriptor);
    this.#bodyBytes = status.size;
    this.#frameCount = frameCountOf(status.size) ?? 0;
    if (!status.isFile() || plainBytesOf(status.size) !== size) {
      throw damaged(id, `it does not hold ${size} bytes`);
    }
    this.#opener = createBodyOpener(keys, id, this.#readSealed(0, HEADER_BYTES));
  }

  async check(): Promise<void> {
    const hash = createHash("sha256");
    for (let index = 0; index < this.#frameCount; index += 1) {
      if (index > 0 && index % FRAMES_PER_TURN === 0) await setImmediate();
      hash.update(this.#openFrame(index));
    }
    if (hash.digest("hex") === this.sha256) return;
    const message = `the file of ${this.#id} is not the one that its story names`;
    throw new QuarantineFailed("QUARANTINE_DAMAGED", message);
  }

  read(buffer: Buffer, position: number): number {
    if (position >= this.size) return 0;
    const index = Math.floor(position / FRAME_BYTES);
    if (this.#frame?.index !== index) this.#frame = { index, plain: this.#openFrame(index) };
    return this.#frame.plain.copy(buffer, 0, position - index * FRAME_BYTES);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #openFrame(index: number): Buffer {
    const position = HEADER_BYTES + index * SEALED_FRAME_BYTES;
    const sealed = this.#readSealed(
      position,
      Math.min(SEALED_FRAME_BYTES, this.#bodyBytes - position),
    );
    return this.#opener.openFrame({ index, last: index === this.#frameCount - 1 }, sealed);
  }

  #readSealed(position: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(bytes);
    for (let filled = 0; filled < bytes;) {
      const count = readSync(this.#descriptor, buffer, filled, bytes - filled, position + filled);
      if (count === 0) throw damaged(this.#id, "it became shorter");
      filled += count;
    }
    return buffer;
  }
}

function damaged(id: string, why: string): QuarantineFailed {
  return new QuarantineFailed("QUARANTINE_DAMAGED", `the body of ${id} is damaged: ${why}`);
}

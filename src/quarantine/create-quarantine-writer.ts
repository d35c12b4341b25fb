import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { createUlid } from "../base/ulid.ts";
import {
  makePrivateFolder,
  openPrivateFolder,
  syncFolder,
  writeSmallFile,
} from "../spool/private-folder.ts";
import { isDiskFull } from "../spool/spool-failed.ts";
import { ITEM_COST_BYTES, STORY_COST_BYTES } from "./item-cost.ts";
import { serializeItem } from "./item-file.ts";
import { BODY_NAME, ITEM_NAME, itemPlace } from "./item-place.ts";
import type { KeepResult, KeepSource, QuarantineStory, QuarantineWriter } from "./quarantine.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";
import { createBodySealer, MASTER_KEY_BYTES } from "./sealed-body.ts";
import { type FoundFolder, removeItemFolder, tidyStore, walkStore } from "./walk-store.ts";
import { writeBody } from "./write-body.ts";

export interface QuarantineWriterOptions {
  /** The folder of the store; made when it is not there. */
  readonly dir: string;
  /** 32 secret bytes; the reader needs the same. */
  readonly key: Buffer;
  /** Of all kept files together: their size, and what an item takes besides (ITEM_COST_BYTES). */
  readonly maxBytes: number;
  /** Kept files at most. Default: as many as there is room for. */
  readonly maxFiles?: number;
  /** Free space that stays on the disk. Default: none. */
  readonly reserveBytes?: number;
}

/** Folders looked at between two breaths of the thread. */
const FOLDERS_PER_TURN = 256;

/**
 * The writing half of the quarantine: blocked files as evidence, sealed (AES-256-GCM, sealed-body.ts), so that neither a virus
 * scanner on the host nor a careless hand can take them for files. `<dir>/<yyyy-mm-dd>/<ulid>/{body.enc, meta.json}`, the story
 * last and by rename: a folder without a story was never finished and is removed at the next start. No name from outside
 * becomes a path.
 *
 * Does not: seal the story (names and addresses are readable to this account), release files, or delete by age (the reader
 * does). One writer for a folder. Files are kept one after another, since one thread gains nothing from keeping two at once.
 *
 * Throws QuarantineFailed when the folder cannot be used.
 */
export function createQuarantineWriter(
  deps: { readonly clock: Clock },
  options: QuarantineWriterOptions,
): QuarantineWriter {
  if (options.key.length !== MASTER_KEY_BYTES) {
    throw new RangeError(`a quarantine key has ${MASTER_KEY_BYTES} bytes`);
  }
  const store = new Store(deps.clock, options);
  store.open();
  let last: Promise<unknown> = Promise.resolve();
  return {
    keep(source, story) {
      const kept = last.then(() => store.keep(source, story));
      last = kept;
      return kept;
    },
  };
}

class Store {
  readonly #clock: Clock;
  readonly #options: QuarantineWriterOptions;
  #stored = { bytes: 0, files: 0 };

  constructor(clock: Clock, options: QuarantineWriterOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  open(): void {
    const { dir } = this.#options;
    try {
      openPrivateFolder(dir);
      tidyStore(dir);
      for (const found of walkStore(dir)) count(this.#stored, found);
    } catch (error) {
      throw QuarantineFailed.from(error, `opening the quarantine in ${dir}`);
    }
  }

  async keep(source: KeepSource, story: QuarantineStory): Promise<KeepResult> {
    const at = this.#clock.now();
    const id = createUlid(at);
    try {
      const needs = source.size + ITEM_COST_BYTES;
      const lacks = this.#missingOnDisk(needs);
      if (lacks > 0) {
        const detail = "the disk has no more room than its reserve";
        return { kind: "not-kept", reason: "full", detail, needs, lacks };
      }
      const full = await this.#quotaAgainst(needs);
      if (full !== undefined) return { kind: "not-kept", reason: "full", detail: full, needs };
      await this.#write(id, at, source, story);
      this.#stored.bytes += needs;
      this.#stored.files += 1;
      return { kind: "kept", id };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { kind: "not-kept", reason: isDiskFull(error) ? "full" : "failed", detail };
    }
  }

  /** The reader deletes behind our back, so what seems full is counted anew. */
  async #quotaAgainst(needs: number): Promise<string | undefined> {
    if (this.#excess(needs) === undefined) return undefined;
    const stored = { bytes: 0, files: 0 };
    let folders = 0;
    for (const found of walkStore(this.#options.dir)) {
      count(stored, found);
      folders += 1;
      if (folders % FOLDERS_PER_TURN === 0) await setImmediate();
    }
    this.#stored = stored;
    return this.#excess(needs);
  }

  #excess(needs: number): string | undefined {
    const { bytes, files } = this.#stored;
    const { maxBytes, maxFiles = Number.POSITIVE_INFINITY } = this.#options;
    if (bytes + needs > maxBytes) return `the quarantine holds ${bytes} of ${maxBytes} bytes`;
    if (files + 1 > maxFiles) return `the quarantine holds ${files} of ${maxFiles} files`;
    return undefined;
  }

  /** Bytes that would have to be free besides those that are, for the reserve to stay; 0: enough are. */
  #missingOnDisk(needs: number): number {
    const { dir, reserveBytes = 0 } = this.#options;
    const { bavail, bsize } = statfsSync(dir);
    return Math.max(0, needs + reserveBytes - bavail * bsize);
  }

  async #write(id: string, at: number, source: KeepSource, story: QuarantineStory): Promise<void> {
    const { dir, key } = this.#options;
    const { size, sha256, sha1 } = source;
    const text = serializeItem({
      ...story,
      id,
      size,
      sha256,
      sha1,
      storedAt: at,
      state: "quarantined",
    });
    const { dayFolder, folder } = itemPlace(dir, id);
    if (makePrivateFolder(dayFolder)) syncFolder(dir);
    mkdirSync(folder, { mode: 0o700 });
    try {
      await writeBody(join(folder, BODY_NAME), createBodySealer(key, id), source);
      syncFolder(dayFolder);
      writeSmallFile(folder, ITEM_NAME, text);
    } catch (error) {
      removeItemFolder(folder);
      throw error;
    }
  }
}

function count(stored: { bytes: number; files: number }, { fileBytes }: FoundFolder): void {
  stored.bytes += fileBytes === undefined ? STORY_COST_BYTES : fileBytes + ITEM_COST_BYTES;
  stored.files += fileBytes === undefined ? 0 : 1;
}

import { createHash } from "node:crypto";
import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { isUlid, ulidTime } from "../base/ulid.ts";
import { temporaryName } from "../spool/private-folder.ts";
import { encryptedZip, MAX_ENTRY_BYTES } from "./encrypted-zip.ts";
import { entryName } from "./entry-name.ts";
import { BODY_NAME, ITEM_NAME, dayOf, isDay, itemPlace } from "./item-place.ts";
import { ITEM_COST_BYTES, STORY_COST_BYTES } from "./item-cost.ts";
import type {
  QuarantineItem,
  QuarantineReader,
  QuarantineUsage,
  RemovedItem,
  TrimGoal,
  TrimResult,
} from "./quarantine.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";
import { openBody, type OpenBody } from "./read-body.ts";
import { readItem, rewriteItem, syncFolder, unlessMissing } from "./read-item.ts";
import { MASTER_KEY_BYTES, plainBytesOf } from "./sealed-body.ts";

export interface QuarantineReaderOptions {
  readonly dir: string;
  /** The writer's. */
  readonly key: Buffer;
  /** Those that the writer had before. Default: none. */
  readonly oldKeys?: readonly Buffer[];
}

/** The password of every archive, by the custom of the trade. */
const ZIP_PASSWORD = "infected";

/**
 * The reading half of the quarantine. Asynchronous, since it lives beside the admin API in the main process. Ids come from
 * outside: what is no ULID is no item. Every method rejects with QuarantineFailed: QUARANTINE_FAILED when the disk fails,
 * QUARANTINE_DAMAGED when the item asked for is not as it was stored (`list` passes such items by).
 *
 * A download reads the file twice: once to check every frame, the SHA-256 and the CRC-32 that the archive begins with, then to
 * hand it out; of a damaged file no byte is given out.
 */
export function createQuarantineReader(options: QuarantineReaderOptions): QuarantineReader {
  const keys = [options.key, ...(options.oldKeys ?? [])];
  if (keys.some(({ length }) => length !== MASTER_KEY_BYTES)) {
    throw new RangeError(`a quarantine key has ${MASTER_KEY_BYTES} bytes`);
  }
  const shelf = new Shelf(options.dir, keys);
  // Stories are rewritten one after another: two at once would use the same temporary name.
  let last: Promise<unknown> = Promise.resolve();
  async function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = last.then(run);
    last = result.catch(() => undefined);
    return result;
  }
  return {
    list: (limit) => asOurs(shelf.list(limit), "listing the quarantine"),
    show: (id) => asOurs(shelf.show(id), `reading ${shown(id)}`),
    download: (id) => asOurs(shelf.download(id), `reading ${shown(id)}`),
    delete: (id) =>
      asOurs(
        inTurn(() => shelf.delete(id)),
        `deleting ${shown(id)}`,
      ),
    expire: (now, maxAgeMs) =>
      asOurs(
        inTurn(() => shelf.expire(now, maxAgeMs)),
        "expiring items of the quarantine",
      ),
    trim: (now, goal) =>
      asOurs(
        inTurn(() => shelf.trim(now, goal)),
        "making room in the quarantine",
      ),
    usage: () => asOurs(shelf.usage(), "counting the quarantine"),
    forget: (now, maxAgeMs) =>
      asOurs(
        inTurn(() => shelf.forget(now - maxAgeMs)),
        "forgetting items of the quarantine",
      ),
  };
}

/** An id from outside as it may stand in a message. */
function shown(id: string): string {
  return isUlid(id) ? id : "an item";
}

async function asOurs<T>(asked: Promise<T>, doing: string): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw QuarantineFailed.from(error, doing);
  }
}

const DAY_MS = 86_400_000;

class Shelf {
  readonly #dir: string;
  readonly #keys: readonly Buffer[];

  constructor(dir: string, keys: readonly Buffer[]) {
    this.#dir = dir;
    this.#keys = keys;
  }

  async show(id: string): Promise<QuarantineItem | undefined> {
    return isUlid(id) ? readItem(this.#dir, id) : undefined;
  }

  async list(limit: number): Promise<readonly QuarantineItem[]> {
    const found: QuarantineItem[] = [];
    if (!(limit > 0)) return found;
    for await (const id of this.#ids(() => true)) {
      const item = await this.#readable(id);
      if (item !== undefined) found.push(item);
      if (found.length >= limit) break;
    }
    return found;
  }

  async delete(id: string): Promise<QuarantineItem | undefined> {
    const item = await this.show(id);
    if (item === undefined) return undefined;
    const deleted: QuarantineItem =
      item.state === "quarantined" ? { ...item, state: "deleted" } : item;
    await this.#withdraw(id, item.state === "quarantined" ? deleted : undefined);
    return deleted;
  }

  async expire(now: number, maxAgeMs: number): Promise<readonly RemovedItem[]> {
    const removed: RemovedItem[] = [];
    let failure: unknown;
    // A rule keeps an item a day at least, so younger ones need not be looked at.
    const before = now - Math.min(maxAgeMs, DAY_MS);
    const lastDay = before >= 0 ? dayOf(before) : "";
    for await (const id of this.#ids((day) => day <= lastDay)) {
      if (ulidTime(id) >= before || !(await this.#hasBody(id))) continue;
      try {
        const item = await this.#readable(id);
        if (ulidTime(id) >= now - (item?.keepMs ?? maxAgeMs)) continue;
        // A damaged story cannot be rewritten; its bytes go all the same, since that is what was promised.
        await this.#withdraw(id, item === undefined ? undefined : { ...item, state: "expired" });
        removed.push({ id, incident: item?.incident, sha256: item?.sha256 });
      } catch (error) {
        failure ??= error;
      }
    }
    // Of those that are gone somebody has to tell; what failed fails again next time, and alone.
    if (failure !== undefined && removed.length === 0) throw failure;
    return removed;
  }

  async trim(now: number, { maxBytes, maxFiles, minAgeMs }: TrimGoal): Promise<TrimResult> {
    let { bytes, files } = await this.usage();
    const going: QuarantineItem[] = [];
    const isReached = (): boolean => bytes <= maxBytes && files <= maxFiles;
    if (!isReached()) {
      const ids: string[] = [];
      for await (const id of this.#ids(() => true)) ids.push(id);
      for (const id of ids.toReversed()) {
        // Their stories need not be read: a flood of young files must not make each further one slow.
        if (ulidTime(id) > now - minAgeMs) break;
        const item = await this.#readable(id);
        if (item?.state !== "quarantined" || !(await this.#hasBody(id))) continue;
        if (ulidTime(id) > now - (item.keepMs ?? 0)) continue;
        going.push(item);
        // Its story stays, and goes on taking its part.
        bytes -= item.size + ITEM_COST_BYTES - STORY_COST_BYTES;
        files -= 1;
        if (isReached()) break;
      }
    }
    if (!isReached()) return { reached: false, removed: [] };
    const removed: RemovedItem[] = [];
    let failure: unknown;
    for (const { id, incident, sha256, ...rest } of going) {
      try {
        await this.#withdraw(id, { ...rest, id, incident, sha256, state: "expired" });
        removed.push({ id, incident, sha256 });
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined && removed.length === 0) throw failure;
    return { reached: failure === undefined, removed };
  }

  async usage(): Promise<QuarantineUsage> {
    let [files, bytes, stories] = [0, 0, 0];
    let oldestAt: number | undefined;
    let newestAt: number | undefined;
    for await (const id of this.#ids(() => true)) {
      const body = await unlessMissing(lstat(this.#bodyPath(id)));
      if (body === undefined) {
        stories += 1;
        bytes += STORY_COST_BYTES;
        continue;
      }
      files += 1;
      bytes += (plainBytesOf(body.size) ?? body.size) + ITEM_COST_BYTES;
      oldestAt = ulidTime(id);
      newestAt ??= oldestAt;
    }
    return { files, bytes, stories, oldestAt, newestAt };
  }

  async forget(before: number): Promise<number> {
    let count = 0;
    const lastDay = before >= 0 ? dayOf(before) : "";
    for await (const id of this.#ids((day) => day <= lastDay)) {
      if (ulidTime(id) >= before || (await this.#hasBody(id))) continue;
      const { dayFolder, folder } = itemPlace(this.#dir, id);
      for (const name of [ITEM_NAME, temporaryName(ITEM_NAME)]) {
        await unlessMissing(unlink(join(folder, name)));
      }
      await unlessFull(rmdir(folder));
      await unlessFull(rmdir(dayFolder));
      count += 1;
    }
    return count;
  }

  async download(id: string): Promise<AsyncIterable<Buffer> | undefined> {
    const item = await this.show(id);
    if (item?.state !== "quarantined" || !(await this.#hasBody(id))) return undefined;
    return this.#archive(item);
  }

  /** Opens the file only when somebody reads, so that an archive that nobody takes holds nothing open. */
  async *#archive(item: QuarantineItem): AsyncGenerator<Buffer> {
    try {
      if (item.size > MAX_ENTRY_BYTES) throw new RangeError("the file is too large for an archive");
      await using body = await openBody(this.#bodyPath(item.id), this.#keys, item);
      const entry = {
        name: entryName(item.name),
        size: item.size,
        crc32: await checkWhole(body, item),
        modifiedAt: item.storedAt,
      };
      yield* encryptedZip(entry, ZIP_PASSWORD, body.frames());
    } catch (error) {
      throw QuarantineFailed.from(error, `reading ${item.id}`);
    }
  }

  /** The story first: an item that says "quarantined" has its bytes. The other way round is mended at the writer's start. */
  async #withdraw(id: string, changed: QuarantineItem | undefined): Promise<void> {
    if (changed !== undefined) await rewriteItem(this.#dir, changed);
    await unlessMissing(unlink(this.#bodyPath(id)));
    await syncFolder(itemPlace(this.#dir, id).folder);
  }

  /** Undefined also for an item whose story is damaged. */
  async #readable(id: string): Promise<QuarantineItem | undefined> {
    try {
      return await readItem(this.#dir, id);
    } catch (error) {
      if (error instanceof QuarantineFailed && error.code === "QUARANTINE_DAMAGED")
        return undefined;
      throw error;
    }
  }

  async #hasBody(id: string): Promise<boolean> {
    return (await unlessMissing(lstat(this.#bodyPath(id)))) !== undefined;
  }

  #bodyPath(id: string): string {
    return join(itemPlace(this.#dir, id).folder, BODY_NAME);
  }

  /** Newest first; a folder is read only when its turn comes. */
  async *#ids(takesDay: (day: string) => boolean): AsyncGenerator<string> {
    const days = await foldersIn(this.#dir, (name) => isDay(name) && takesDay(name));
    for (const day of days) yield* await foldersIn(join(this.#dir, day), isUlid);
  }
}

/** A folder with something in it stays. */
async function unlessFull(removed: Promise<void>): Promise<void> {
  try {
    await removed;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
  }
}

/** Names of real folders, the last in order first; none when the folder itself is not there yet. */
async function foldersIn(
  path: string,
  takes: (name: string) => boolean,
): Promise<readonly string[]> {
  const entries = (await unlessMissing(readdir(path, { withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => entry.isDirectory() && takes(entry.name))
    .map((entry) => entry.name)
    .toSorted()
    .toReversed();
}

/** Reads all of it once; the CRC-32. Throws QuarantineFailed when it is not the file of the story. */
async function checkWhole(body: OpenBody, item: QuarantineItem): Promise<number> {
  const hash = createHash("sha256");
  let checksum = 0;
  for await (const frame of body.frames()) {
    hash.update(frame);
    checksum = crc32(frame, checksum);
  }
  if (hash.digest("hex") === item.sha256) return checksum;
  const message = `the file of ${item.id} is not the one that its story names`;
  throw new QuarantineFailed("QUARANTINE_DAMAGED", message);
}

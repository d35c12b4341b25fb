import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { temporaryName } from "../spool/private-folder.ts";
import { ITEM_FILE_BYTES, parseItem, serializeItem } from "./item-file.ts";
import { ITEM_NAME, itemPlace } from "./item-place.ts";
import type { QuarantineItem } from "./quarantine.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";

/** Never through a link, and a named pipe does not stop us. */
export const READ_OURS: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The item, `id` being a ULID; undefined when there is none. Throws QuarantineFailed when its story is damaged; other errors are
 * the system's.
 */
export async function readItem(dir: string, id: string): Promise<QuarantineItem | undefined> {
  if (!(await isRealFolder(dir, id))) return undefined;
  const text = await readStory(join(itemPlace(dir, id).folder, ITEM_NAME));
  if (text === undefined) return undefined;
  const item = parseItem(id, text);
  if (item === undefined) {
    throw new QuarantineFailed("QUARANTINE_DAMAGED", `the story of ${id} cannot be read`);
  }
  return item;
}

/** Puts a new story in place of the old one, whole and durable. */
export async function rewriteItem(dir: string, item: QuarantineItem): Promise<void> {
  const { folder } = itemPlace(dir, item.id);
  const temporary = join(folder, temporaryName(ITEM_NAME));
  await rm(temporary, { force: true });
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(serializeItem(item));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, ITEM_NAME));
  await syncFolder(folder);
}

/** Names made, moved or removed in the folder are so after a power cut, too. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Undefined for ENOENT, the result otherwise. */
export async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** A link in place of the day or of the item would lead out of the store. */
async function isRealFolder(dir: string, id: string): Promise<boolean> {
  const { dayFolder, folder } = itemPlace(dir, id);
  for (const path of [dayFolder, folder]) {
    const status = await unlessMissing(lstat(path));
    if (status?.isDirectory() !== true) return false;
  }
  return true;
}

async function readStory(path: string): Promise<string | undefined> {
  const handle: FileHandle | undefined = await unlessMissing(openStory(path));
  if (handle === undefined) return undefined;
  try {
    const status = await handle.stat();
    // Neither is ever written by us; "" is no story either.
    if (!status.isFile() || status.size > ITEM_FILE_BYTES + 1) return "";
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

async function openStory(path: string): Promise<FileHandle> {
  try {
    return await open(path, READ_OURS);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ELOOP" && code !== "ENXIO") throw error;
    throw new QuarantineFailed("QUARANTINE_DAMAGED", `${path} is no file of ours`, {
      cause: error,
    });
  }
}

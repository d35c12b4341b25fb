import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { isUlid } from "../base/ulid.ts";
import { temporaryName } from "../spool/private-folder.ts";
import { parseItem } from "./item-file.ts";
import { BODY_NAME, isDay, ITEM_NAME } from "./item-place.ts";
import { plainBytesOf } from "./sealed-body.ts";

/** The folder of one item as it lies on the disk. */
export interface FoundFolder {
  readonly id: string;
  readonly folder: string;
  /** Bytes of the kept file; undefined when the bytes are gone. */
  readonly fileBytes: number | undefined;
  /** False: the story is missing, so this was never finished. */
  readonly isItem: boolean;
}

/** Every folder of ours in the store; names that are not ours, and links, are passed by. Throws what the system says. */
export function* walkStore(dir: string): Generator<FoundFolder> {
  for (const day of foldersIn(dir, isDay)) {
    for (const id of foldersIn(join(dir, day), isUlid)) {
      const folder = join(dir, day, id);
      const body = lstatSync(join(folder, BODY_NAME), { throwIfNoEntry: false });
      const item = lstatSync(join(folder, ITEM_NAME), { throwIfNoEntry: false });
      // A body of an impossible length still takes room.
      const fileBytes = body === undefined ? undefined : (plainBytesOf(body.size) ?? body.size);
      yield { id, folder, fileBytes, isItem: item !== undefined };
    }
  }
}

/**
 * Clears up after an earlier run: what was never finished goes, and so do the bytes of items that were deleted or have expired
 * when the crash came between their story and their bytes. A damaged story stays, with its bytes: that is for people to decide.
 */
export function tidyStore(dir: string): void {
  for (const { id, folder, fileBytes, isItem } of walkStore(dir)) {
    if (!isItem) removeItemFolder(folder);
    else if (fileBytes !== undefined && isWithdrawn(id, folder))
      removeFile(join(folder, BODY_NAME));
  }
}

/** Removes what we put into an item's folder, and the folder; never throws, and what stays is tried again at the next start. */
export function removeItemFolder(folder: string): void {
  for (const name of [ITEM_NAME, temporaryName(ITEM_NAME), BODY_NAME]) {
    removeFile(join(folder, name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // Something else lies in it, or the disk is read-only.
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there, or the disk is read-only.
  }
}

function isWithdrawn(id: string, folder: string): boolean {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const descriptor = openSync(join(folder, ITEM_NAME), flags);
    try {
      const item = parseItem(id, readFileSync(descriptor, "utf8"));
      return item !== undefined && item.state !== "quarantined";
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

function foldersIn(path: string, isOurs: (name: string) => boolean): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isOurs(entry.name))
    .map((entry) => entry.name);
}

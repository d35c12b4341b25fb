import { join } from "node:path";
import { ulidTime } from "../base/ulid.ts";

/** Names within the folder of one item. */
export const BODY_NAME = "body.enc";
export const ITEM_NAME = "meta.json";

/** Where an item lies: the day is that of its id, so that no index is needed and the newest are found first. */
export interface ItemPlace {
  readonly dayFolder: string;
  readonly folder: string;
}

/** `id` must be a ULID: nothing else may become a path. */
export function itemPlace(dir: string, id: string): ItemPlace {
  const dayFolder = join(dir, dayOf(ulidTime(id)));
  return { dayFolder, folder: join(dayFolder, id) };
}

/** The day (UTC) as a folder's name. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Whether a name in the store is one of our days. */
export function isDay(name: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(name);
}

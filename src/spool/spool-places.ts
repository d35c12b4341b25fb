import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { isUlid } from "../base/ulid.ts";
import { temporaryName } from "./private-folder.ts";

/** Where the files of one spool lie. The story of a file stays in `held` when the file moves on: one rename, one state. */
export interface SpoolPlaces {
  readonly incoming: string;
  readonly held: string;
  readonly releasing: string;
}

const PART = ".part";
const STORY = ".json";

export function spoolPlaces(dir: string): SpoolPlaces {
  return {
    incoming: join(dir, "incoming"),
    held: join(dir, "held"),
    releasing: join(dir, "releasing"),
  };
}

/** Name of a file that comes in. */
export function partName(id: string): string {
  return id + PART;
}

/** Name of the story beside a complete file. */
export function storyName(id: string): string {
  return id + STORY;
}

/** What a name in one of our folders is; undefined when it is not ours, and then it is not to be touched. */
export function readSpoolName(
  name: string,
): { readonly id: string; readonly is: "part" | "file" | "story" | "temporary" } | undefined {
  const id = name.slice(0, 26);
  if (!isUlid(id)) return undefined;
  if (name === id) return { id, is: "file" };
  if (name === partName(id)) return { id, is: "part" };
  if (name === storyName(id)) return { id, is: "story" };
  if (name === temporaryName(storyName(id))) return { id, is: "temporary" };
  return undefined;
}

/**
 * Removes whatever there is of a file, the story last: a crash on the way leaves a story without a file, which means
 * nothing, and never a file without its story. Not synchronised: what a power cut brings back is dealt with at the start.
 * Never throws; what cannot be removed is found at the next start.
 */
export function eraseFile(places: SpoolPlaces, id: string): void {
  removeName(join(places.incoming, partName(id)));
  removeName(join(places.held, id));
  removeName(join(places.releasing, id));
  removeName(join(places.held, storyName(id)));
  removeName(join(places.held, temporaryName(storyName(id))));
}

/** Removes one name if it is there and can be removed. */
export function removeName(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or the disk is read-only: there is nobody to tell, and the next start tries again.
  }
}

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeSmallFile } from "./private-folder.ts";
import type { SpoolStory } from "./spool.ts";
import { storyName } from "./spool-places.ts";

/** What stands beside a complete file, for the next start. */
export interface StoryFile {
  readonly owner: string;
  readonly sha256: string;
  readonly size: number;
  /** When the file was complete, milliseconds since 1970. */
  readonly completedAt: number;
  readonly story: SpoolStory;
}

const SCHEMA = 1;
/** Ours are some kilobytes; a longer one is damaged. */
const MAX_BYTES = 1024 * 1024;

export function writeStory(folder: string, id: string, content: StoryFile): void {
  const text = JSON.stringify({ schema: SCHEMA, ...content });
  if (Buffer.byteLength(text) > MAX_BYTES) throw new RangeError("the story of a file is too long");
  writeSmallFile(folder, storyName(id), text);
}

/** What a restart needs of it; undefined when it is missing, damaged, or no file of ours. */
export function readStory(
  folder: string,
  id: string,
): Pick<StoryFile, "owner" | "story"> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readRegularFile(join(folder, storyName(id))));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value["schema"] !== SCHEMA) return undefined;
  const { owner, story } = value;
  return typeof owner === "string" && isRecord(story) ? { owner, story } : undefined;
}

function readRegularFile(path: string): string {
  // NONBLOCK: a named pipe planted here must not stop the start.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = openSync(path, flags);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.size > MAX_BYTES) throw new Error("no story of ours");
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { constants, fstatSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { closeQuietly, createHeldFile } from "./held-file.ts";
import { hashFile, type FileDigests } from "./hash-file.ts";
import type { RoomLedger } from "./room-ledger.ts";
import type { RecoveredFile } from "./spool.ts";
import { SpoolFailed } from "./spool-failed.ts";
import { readSpoolName, removeName, type SpoolPlaces } from "./spool-places.ts";
import { readStory } from "./story-file.ts";

/**
 * Clears up after an earlier run: incomplete files go (their senders were never told "received"), complete ones are opened,
 * to be hashed anew when somebody wants to know: gigabytes would hold up everybody else's files. A file without a readable story, or that cannot be read itself, is given back all the same: what was
 * accepted is not lost in silence. Names that are not ours stay where they are. Throws SpoolFailed when a folder cannot be read.
 */
export function recoverFiles(places: SpoolPlaces, ledger: RoomLedger): readonly RecoveredFile[] {
  for (const { name, is } of ownNames(places.incoming)) {
    if (is === "part") removeName(join(places.incoming, name));
  }
  const held = recoverFolder(places, "held", ledger);
  const releasing = recoverFolder(places, "releasing", ledger);
  const known = new Set([...held, ...releasing].map(({ file }) => file.id));
  for (const { name, id, is } of ownNames(places.held)) {
    if (is === "temporary" || (is === "story" && !known.has(id))) {
      removeName(join(places.held, name));
    }
  }
  return [...held, ...releasing];
}

function recoverFolder(
  places: SpoolPlaces,
  state: RecoveredFile["state"],
  ledger: RoomLedger,
): readonly RecoveredFile[] {
  return ownNames(places[state]).flatMap(({ id, is }) => {
    if (is !== "file") return [];
    const found = openFound(join(places[state], id));
    if (found === "not-ours") return [];
    const kept = readStory(places.held, id);
    const reservation = ledger.reserve(kept?.owner ?? "", found.size);
    reservation.fill(found.size);
    const file = createHeldFile({
      places,
      id,
      ...found,
      digests: () => digestsOf(found),
      reservation,
    });
    return [{ file, story: kept?.story ?? {}, state }];
  });
}

interface FoundFile {
  readonly descriptor: number | undefined;
  readonly size: number;
}

/** "not-ours": no regular file, so nothing that we have made. */
function openFound(path: string): FoundFile | "not-ours" {
  let descriptor: number | undefined;
  let size = 0;
  try {
    // NONBLOCK: a named pipe planted here must not stop the start.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      closeQuietly(descriptor);
      return "not-ours";
    }
    size = status.size;
    return { descriptor, size };
  } catch (error) {
    closeQuietly(descriptor);
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // A link, a socket: openSync says so.
    if (code === "ELOOP" || code === "ENXIO") return "not-ours";
    return { descriptor: undefined, size };
  }
}

/** Empty when the file cannot be read. */
function digestsOf({ descriptor, size }: FoundFile): FileDigests {
  try {
    if (descriptor !== undefined) return hashFile(descriptor, size);
  } catch {
    // The disk is broken here; whoever reads it hears what the system says.
  }
  return { sha256: "", sha1: "" };
}

interface OwnName {
  readonly name: string;
  readonly id: string;
  readonly is: "part" | "file" | "story" | "temporary";
}

/** In the order of their ids, which is that of time. */
function ownNames(folder: string): readonly OwnName[] {
  try {
    return readdirSync(folder)
      .toSorted()
      .flatMap((name) => {
        const own = readSpoolName(name);
        return own === undefined ? [] : [{ name, ...own }];
      });
  } catch (error) {
    throw SpoolFailed.from(error, `reading ${folder}`);
  }
}

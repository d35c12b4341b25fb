import { createHmac } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { openPrivateFolder, writeSmallFile } from "../spool/private-folder.ts";
import { BODY_NAME } from "./item-place.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";
import { READ_OURS } from "./read-item.ts";
import { createBodyOpener, HEADER_BYTES } from "./sealed-body.ts";
import { walkStore } from "./walk-store.ts";

/** Beside the days: which keys have sealed what lies there, by their ids; no secret can be had from them. */
const IDS_NAME = "key-ids";

/** How the keys at hand and the kept files go together. */
export type KeyCheck =
  | { readonly kind: "good" }
  /** So many of the kept files do not open with any of them. */
  | { readonly kind: "other-key"; readonly unopened: number; readonly files: number };

/**
 * Whether the keys are those that the kept files were sealed with; an empty list: there is none at hand. Looks into the files only when a key
 * is missing that was in use before, so that a damaged file is not taken for a wrong key. What is good is written down for the next time.
 * Throws QuarantineFailed when the folder cannot be used.
 */
export function checkKeys(dir: string, keys: readonly Buffer[]): KeyCheck {
  try {
    openPrivateFolder(dir);
    const ids = keys.map(keyId);
    const known = readIds(dir);
    const isKnown = known !== undefined && known.every((id) => ids.includes(id));
    if (!isKnown || ids.length === 0) {
      const { files, unopened } = tryFiles(dir, keys);
      // Of a store that is older than the list of ids, one file that opens proves the key.
      const isOther = known === undefined ? files > 0 && unopened === files : unopened > 0;
      if (isOther) return { kind: "other-key", unopened, files };
    }
    if (ids.length > 0 && (known ?? []).join() !== ids.join()) {
      writeSmallFile(dir, IDS_NAME, ids.map((id) => `${id}\n`).join(""));
    }
    return { kind: "good" };
  } catch (error) {
    throw QuarantineFailed.from(error, `looking at the keys of ${dir}`);
  }
}

function keyId(key: Buffer): string {
  return createHmac("sha256", key).update("sluice quarantine key").digest("hex").slice(0, 16);
}

/** Undefined: there is no list. */
function readIds(dir: string): readonly string[] | undefined {
  try {
    const text = readFileSync(join(dir, IDS_NAME), "latin1");
    return text.split("\n").filter((line) => line !== "");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function tryFiles(
  dir: string,
  keys: readonly Buffer[],
): { readonly files: number; readonly unopened: number } {
  let [files, unopened] = [0, 0];
  for (const { id, folder, fileBytes } of walkStore(dir)) {
    if (fileBytes === undefined) continue;
    files += 1;
    if (!opens(join(folder, BODY_NAME), keys, id)) unopened += 1;
  }
  return { files, unopened };
}

function opens(path: string, keys: readonly Buffer[], id: string): boolean {
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(path, READ_OURS);
  try {
    const length = readSync(descriptor, header, 0, HEADER_BYTES, 0);
    createBodyOpener(keys, id, header.subarray(0, length));
    return true;
  } catch {
    return false;
  } finally {
    closeSync(descriptor);
  }
}

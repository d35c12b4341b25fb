import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/**
 * Folders and small files for this account only, and durable: what these functions wrote is on the disk when they return.
 * Synchronous, for worker threads. Everything throws what the system says.
 */

/** How every file of ours is made: never over another, never through a link. */
export const CREATE_NEW: number = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Makes the folder with what leads to it, or takes the one there is; nobody else may look into it. */
export function openPrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

/** Makes a folder within one of ours. True when it is new; throws when something else has the name, a link too. */
export function makePrivateFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    chmodSync(path, 0o700);
    return false;
  }
}

/** Names made, moved or removed in the folder are so after a power cut, too. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The name of a small file while it is being written. */
export function temporaryName(name: string): string {
  return `${name}.tmp`;
}

/** Writes a small file so that after a power cut it is there whole, or not at all. */
export function writeSmallFile(folder: string, name: string, text: string): void {
  const temporary = join(folder, temporaryName(name));
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, CREATE_NEW | constants.O_WRONLY, 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, join(folder, name));
  syncFolder(folder);
}

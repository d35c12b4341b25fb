import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Puts a new content in the place of a file in one step: whoever reads it meanwhile sees the old one or the new one, whole. The
 * mode stays; a symbolic link stays one, and what it leads to is replaced. Throws what the file system throws.
 */
export function replaceFile(path: string, content: string): void {
  const target = realpathSync(path);
  const mode = statSync(target).mode & 0o7777;
  // Not *.yaml: a folder of rules that is read at this moment must not find it.
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  const descriptor = openSync(temporary, "wx", 0o600);
  try {
    try {
      fchmodSync(descriptor, mode);
      writeSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

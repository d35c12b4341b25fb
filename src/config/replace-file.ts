import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Puts a new content in the place of a file in one step: whoever reads it meanwhile sees the old one or the new one, whole. Owner,
 * group and mode stay, so that whoever could read it still can; a symbolic link stays one, and what it leads to is replaced. Throws what the
 * file system throws, also when the owner cannot be kept, and the old content stays then.
 */
export function replaceFile(path: string, content: string): void {
  const target = realpathSync(path);
  const { mode, uid, gid } = statSync(target);
  // Not *.yaml: a folder of rules that is read at this moment must not find it.
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  const descriptor = openSync(temporary, "wx", 0o600);
  try {
    try {
      const made = fstatSync(descriptor);
      if (made.uid !== uid || made.gid !== gid) fchownSync(descriptor, uid, gid);
      fchmodSync(descriptor, mode & 0o7777);
      // Not writeSync: on a disk that fills up it writes a part and says so in its result alone.
      writeFileSync(descriptor, content);
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

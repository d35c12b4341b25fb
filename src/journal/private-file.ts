import { chmodSync, closeSync, openSync } from "node:fs";

/**
 * Makes sure that a file is there and is for this account only (0600), whoever made the data folder and however.
 * A file that exists is never opened: closing any descriptor of a file drops all the locks that this process holds on
 * it (POSIX), those of SQLite too.
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    chmodSync(path, 0o600);
  }
}

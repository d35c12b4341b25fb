import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CodedError } from "../base/coded-error.ts";

const KEY_BYTES = 32;

/** What is lost with a key, by the name of its file. */
const LOSSES: Readonly<Partial<Record<string, string>>> = {
  "flow.key": "restore it, or delete it (clients then register anew)",
  "mark.key": "restore it, or delete it (messages under way are then judged twice)",
  "quarantine.key":
    "restore it: without it no kept file can be opened again; only who gives these up deletes it, and the quarantine with it",
};

/** A key file exists and is not what we wrote; what replacing it would cost stands in the message. */
export class KeyFileDamaged extends CodedError {
  constructor(path: string) {
    const advice = LOSSES[basename(path)] ?? "restore it";
    super("KEY_FILE_DAMAGED", `${path} does not hold a key of ${KEY_BYTES} bytes; ${advice}`);
  }
}

/**
 * Reads the secret `name` from the folder, or makes one at the first start (mode 0600). Kept on disk so that tokens
 * and marks given out before a restart are good after it. Two processes that start at once end with the same key.
 */
export function readOrCreateKey(folder: string, name: string): Buffer {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const existing = readKey(path);
  if (existing !== undefined) return existing;
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, randomBytes(KEY_BYTES), { mode: 0o600, flag: "wx", flush: true });
  try {
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(fresh);
  }
  const key = readKey(path);
  if (key === undefined) throw new KeyFileDamaged(path);
  return key;
}

function readKey(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length !== KEY_BYTES) throw new KeyFileDamaged(path);
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

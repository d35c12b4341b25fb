import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { relative, sep } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";

/** Why a file of the operator cannot be read, and what to do. */
export interface ReadProblem {
  readonly message: string;
  readonly hint: string | undefined;
}

/**
 * Reads a whole regular file of at most `maxBytes`. Folders, pipes and devices are problems, not waits.
 */
export function readRegularFile(path: string, maxBytes: number): Result<Buffer, ReadProblem> {
  const opened = openRegularFile(path);
  if (!opened.ok) return opened;
  const { descriptor, size } = opened.value;
  try {
    return size > maxBytes ? failed(tooLarge(maxBytes)) : readWhole(descriptor, maxBytes);
  } catch (error) {
    return failed(readProblem(error));
  } finally {
    closeSync(descriptor);
  }
}

/** Whether there is a folder at the path; false for links in circles and whatever else cannot be looked at. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A file system error in words. */
export function readProblem(error: unknown): ReadProblem {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return MESSAGES[code] ?? say(`cannot be read (${code === "" ? String(error) : code})`);
}

/** A path as the operator knows it: relative to the working directory where it lies below it. */
export function displayPath(path: string): string {
  const shown = relative(process.cwd(), path);
  if (shown === "") return ".";
  return shown === ".." || shown.startsWith(`..${sep}`) ? path : shown;
}

const MESSAGES: Readonly<Partial<Record<string, ReadProblem>>> = {
  ENOENT: say("does not exist", "check the spelling of the path"),
  ENOTDIR: say("does not exist: a part of its path is not a folder"),
  EACCES: say(
    "cannot be read: permission denied",
    "give the user of the gateway the right to read it",
  ),
  EPERM: say("cannot be read: permission denied"),
  ELOOP: say("cannot be read: its symbolic links lead in a circle"),
  ENAMETOOLONG: say("cannot be read: the name is too long"),
};

/** Opens without waiting, and only what is a regular file. The descriptor is the caller's to close. */
export function openRegularFile(
  path: string,
): Result<{ readonly descriptor: number; readonly size: number }, ReadProblem> {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK the opening of a pipe would wait for its writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (status.isFile()) return ok({ descriptor, size: status.size });
    closeSync(descriptor);
    return failed(say(status.isDirectory() ? "is a folder, not a file" : "is not a regular file"));
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    return failed(readProblem(error));
  }
}

function readWhole(descriptor: number, maxBytes: number): Result<Buffer, ReadProblem> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024);
    const count = readSync(descriptor, chunk);
    if (count === 0) return ok(Buffer.concat(chunks, length));
    chunks.push(chunk.subarray(0, count));
    length += count;
    if (length > maxBytes) return failed(tooLarge(maxBytes));
  }
}

function tooLarge(maxBytes: number): ReadProblem {
  return say(`is larger than ${maxBytes / (1024 * 1024)} MiB`);
}

function say(message: string, hint?: string): ReadProblem {
  return { message, hint };
}

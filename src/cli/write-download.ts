import { randomUUID } from "node:crypto";
import {
  closeSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { failed, ok, type Result } from "../base/result.ts";
import { ExitCode } from "./exit-code.ts";

export interface DownloadTarget {
  /** Absolute. */
  readonly file: string;
  /** Replace a file of this name, once the download is whole. */
  readonly overwrite: boolean;
}

/** Why nothing was written, in one sentence. */
export interface DownloadProblem {
  readonly message: string;
  readonly exitCode: ExitCode;
}

/**
 * Writes what `download` gives into a new file of mode 0600 and resolves with the number of bytes. A file that is there
 * is never touched unless `overwrite` says so, and under its name there is never half of one: until all of it is there it has a
 * name of its own, which ends in ".part". Rejects with what `download` rejects with; then there is no file.
 */
export async function writeDownload(
  download: () => Promise<AsyncIterable<Buffer>>,
  { file, overwrite }: DownloadTarget,
): Promise<Result<number, DownloadProblem>> {
  const written = `${file}.${randomUUID()}.part`;
  let descriptor: number;
  try {
    if (!overwrite) refuseExisting(file);
    // x: neither a file nor a link of this name is followed.
    descriptor = openSync(written, "wx", 0o600);
  } catch (error) {
    return failed(problemOf(error, file));
  }
  let isWhole = false;
  try {
    const size = await copy(await download(), descriptor);
    if (overwrite) renameSync(written, file);
    else linkTo(written, file);
    isWhole = true;
    return ok(size);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return failed(problemOf(error, file));
  } finally {
    closeSync(descriptor);
    if (!isWhole) rmSync(written, { force: true });
  }
}

/** Also a link that leads nowhere is there. */
function refuseExisting(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  throw Object.assign(new Error("file exists"), { code: "EEXIST", syscall: "rename" });
}

/** Unlike a rename, a link never replaces what has come meanwhile; some file systems know none. */
function linkTo(written: string, file: string): void {
  try {
    linkSync(written, file);
  } catch (error) {
    if (!isSystemError(error) || !["EPERM", "ENOTSUP", "ENOSYS"].includes(error.code ?? "")) {
      throw error;
    }
    refuseExisting(file);
    renameSync(written, file);
    return;
  }
  unlinkSync(written);
}

async function copy(content: AsyncIterable<Buffer>, descriptor: number): Promise<number> {
  let size = 0;
  for await (const chunk of content) {
    let offset = 0;
    while (offset < chunk.length) offset += writeSync(descriptor, chunk, offset);
    size += chunk.length;
  }
  return size;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function problemOf(error: unknown, file: string): DownloadProblem {
  if (isSystemError(error) && error.code === "EEXIST") {
    const message = `${file} is there already: name another file with --out, or overwrite it with --force`;
    return { message, exitCode: ExitCode.Conflict };
  }
  const why = error instanceof Error ? error.message : String(error);
  return { message: `${file} cannot be written (${why})`, exitCode: ExitCode.Bad };
}

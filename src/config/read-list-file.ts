import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, readSync } from "node:fs";
import { failed, ok, type Result } from "../base/result.ts";
import type { ListFile, ListProblem, ListVersion } from "./list-file.ts";
import { ListGatherer } from "./list-gatherer.ts";
import { openRegularFile, readProblem } from "./read-file.ts";

/** A million domain names are 22 MB. */
const MAX_LIST_BYTES: number = 128 * 1024 * 1024;

/** Some 40,000 phrases: their search is built where messages are judged, in a fifth of a second. */
const MAX_SEARCHED_BYTES: number = 1024 * 1024;

const CHUNK_BYTES: number = 256 * 1024;

/** A file that is written while it is read is read again. */
const MAX_ATTEMPTS = 3;

export interface ListFileFailure {
  readonly isMissing: boolean;
  readonly problems: readonly ListProblem[];
}

/**
 * Reads a list file whole, in pieces: a million entries never are a million strings, and cost their table alone. Never
 * waits, never throws for what an operator may have put there.
 */
export function readListFile(
  file: Pick<ListFile, "path" | "type" | "format">,
): Result<ListVersion, ListFileFailure> {
  for (let attempt = 1; ; attempt += 1) {
    const read = readOnce(file);
    if (read !== "changed") return read;
    if (attempt === MAX_ATTEMPTS) {
      return wholeFile("changes while it is read", "write it beside and rename it");
    }
  }
}

/** What changes whenever the file does; "" when there is none, or none that could be read. */
export function stampOf(path: string): string {
  const opened = openRegularFile(path);
  if (!opened.ok) return "";
  try {
    return stamp(opened.value.descriptor);
  } finally {
    closeSync(opened.value.descriptor);
  }
}

function stamp(descriptor: number): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

type Once = Result<ListVersion, ListFileFailure>;

function readOnce({
  path,
  type,
  format,
}: Pick<ListFile, "path" | "type" | "format">): Once | "changed" {
  const opened = openRegularFile(path);
  if (!opened.ok) {
    const { message, hint } = opened.problem;
    return wholeFile(message, hint, message.startsWith("does not exist"));
  }
  const { descriptor, size } = opened.value;
  const isSearched = type === "phrase" || type === "prefix";
  const maxBytes = isSearched ? MAX_SEARCHED_BYTES : MAX_LIST_BYTES;
  try {
    const before = stamp(descriptor);
    const gatherer = new ListGatherer(type, format, Math.min(size, maxBytes));
    const hash = createHash("sha256");
    const end = readLines(descriptor, { gatherer, hash, maxBytes });
    if (end !== undefined) return end;
    if (stamp(descriptor) !== before) return "changed";
    const { entries, count } = gatherer.finish();
    if (gatherer.problems.length > 0) {
      return failed({ isMissing: false, problems: gatherer.problems });
    }
    return ok({ entries, count, digest: hash.digest("hex"), stamp: before, from: "file" });
  } catch (error) {
    const { message, hint } = readProblem(error);
    return wholeFile(message, hint);
  } finally {
    closeSync(descriptor);
  }
}

interface Reading {
  readonly gatherer: ListGatherer;
  readonly hash: Hash;
  readonly maxBytes: number;
}

/** Hands every line on; undefined when all is read. */
function readLines(
  descriptor: number,
  { gatherer, hash, maxBytes }: Reading,
): ReturnType<typeof wholeFile> | undefined {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let held = 0;
  let total = 0;
  let line = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, held, CHUNK_BYTES - held, null);
    total += count;
    if (total > maxBytes) {
      const limit = maxBytes / (1024 * 1024);
      return wholeFile(`is larger than ${limit} MiB`);
    }
    hash.update(buffer.subarray(held, held + count));
    const filled = held + count;
    gatherer.piece(buffer.subarray(0, filled));
    let at = line === 0 && filled >= 3 ? lengthOfMark(buffer) : 0;
    for (
      let end = buffer.indexOf(LF, at);
      end !== -1 && end < filled;
      end = buffer.indexOf(LF, at)
    ) {
      line += 1;
      gatherer.line(buffer, at, end, line);
      at = end + 1;
    }
    if (count === 0) {
      if (at < filled) gatherer.line(buffer, at, filled, line + 1);
      return undefined;
    }
    if (gatherer.isHopeless) return undefined;
    if (at === 0 && filled === CHUNK_BYTES) {
      return wholeFile(`has a line of more than ${CHUNK_BYTES / 1024} KiB`);
    }
    buffer.copyWithin(0, at, filled);
    held = filled - at;
  }
}

const LF = 0x0a;

/** A byte order mark is no part of the first entry. */
function lengthOfMark(bytes: Buffer): 0 | 3 {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function wholeFile(
  message: string,
  hint?: string,
  isMissing = false,
): { readonly ok: false; readonly problem: ListFileFailure } {
  return failed({ isMissing, problems: [{ line: undefined, message, hint }] });
}

import { createHash, randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { displayPath } from "./read-file.ts";
import type { ListFile, ListProblem, ListVersion } from "./list-file.ts";
import { readListFile, stampOf } from "./read-list-file.ts";

/** What came of looking at a list file again. */
export type ListReading =
  /** As it was known; `version` differs in its stamp at most. */
  | { readonly kind: "same"; readonly version: ListVersion }
  | { readonly kind: "new"; readonly version: ListVersion }
  /** What was known stays, for a reason. */
  | { readonly kind: "kept"; readonly version: ListVersion; readonly problem: ListProblem }
  | { readonly kind: "failed"; readonly problems: readonly ListProblem[] };

export interface ReadListOptions {
  /** What is in force. */
  readonly known?: ListVersion | undefined;
  /** Whoever asks takes a list that shrinks. */
  readonly allowShrink?: boolean;
  /** Where copies for `on_missing: last-good` lie; without it there are none. */
  readonly copies?: string | undefined;
}

/**
 * Reads a list file as its list asks for: a missing file is what `on_missing` says, and one that has lost more than half
 * of its entries is not believed.
 */
export function readList(file: ListFile, options: ReadListOptions): ListReading {
  const { known, copies } = options;
  if (known !== undefined && known.from === "file" && stampOf(file.path) === known.stamp) {
    return { kind: "same", version: known };
  }
  const read = readListFile(file);
  if (!read.ok) {
    const { isMissing, problems } = read.problem;
    return isMissing ? readMissing(file, options, problems) : { kind: "failed", problems };
  }
  const version = read.value;
  if (known !== undefined && version.digest === known.digest) {
    return { kind: "same", version: { ...known, stamp: version.stamp, from: "file" } };
  }
  if (known !== undefined && !file.allowShrink && options.allowShrink !== true) {
    const problem = shrinking(version.count, known.count);
    if (problem !== undefined) return { kind: "kept", version: known, problem };
  }
  if (file.onMissing === "last-good" && copies !== undefined) writeCopy(file, copies);
  return { kind: "new", version };
}

function readMissing(
  file: ListFile,
  { known, copies }: ReadListOptions,
  problems: readonly ListProblem[],
): ListReading {
  if (file.onMissing === "empty") {
    if (known?.from === "nothing") return { kind: "same", version: known };
    return { kind: "new", version: NOTHING };
  }
  const [problem] = problems;
  if (file.onMissing === "fail" || problem === undefined) return { kind: "failed", problems };
  if (known !== undefined) return { kind: "kept", version: known, problem };
  if (copies === undefined) return { kind: "failed", problems };
  const copy = readListFile({ ...file, path: copyPath(file, copies) });
  if (!copy.ok) return { kind: "failed", problems };
  return { kind: "kept", version: { ...copy.value, stamp: "", from: "copy" }, problem };
}

const NOTHING: ListVersion = {
  entries: { kind: "items", items: [] },
  count: 0,
  digest: "",
  stamp: "",
  from: "nothing",
};

function shrinking(count: number, before: number): ListProblem | undefined {
  if (2 * count >= before) return undefined;
  return {
    line: undefined,
    message: `has ${count} entries, less than half of the ${before} in force, which stay`,
    hint: "allow_shrink: true in the list, or sluice lists refresh --allow-shrink, takes it",
  };
}

/** One copy for each file, whatever rule names it. A copy that cannot be written is none: the list itself is good. */
function writeCopy(file: ListFile, copies: string): void {
  const path = copyPath(file, copies);
  const beside = `${path}.${randomUUID()}`;
  try {
    mkdirSync(copies, { recursive: true, mode: 0o700 });
    copyFileSync(file.path, beside);
    renameSync(beside, path);
  } catch {
    rmSync(beside, { force: true });
  }
}

function copyPath({ path }: ListFile, copies: string): string {
  return join(copies, createHash("sha256").update(path).digest("hex"));
}

/** A list's problem in one line, with the place it stands at. */
export function listProblemText(file: ListFile, { line, message, hint }: ListProblem): string {
  const name = displayPath(file.path);
  const place = line === undefined ? `${name} ${message}` : `${name}:${line}:1: ${message}`;
  return hint === undefined ? place : `${place} (${hint})`;
}

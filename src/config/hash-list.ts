import { failed, ok, type Result } from "../base/result.ts";
import { displayPath, readRegularFile, type ReadProblem } from "./read-file.ts";

/** SHA-256 hashes of files known to be bad: lower-case hex. */
export type HashList = ReadonlySet<string>;

export interface HashListProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** As `sha256sum` writes it: a backslash before it says that the name has escapes; blanks and a name, or words, may follow. */
const LINE = /^\\?([0-9a-f]{64})(?:\s.*)?$/i;

/** Some million lines; more belongs into an engine. */
const MAX_LIST_BYTES = 128 * 1024 * 1024;

/** Reads a file of hashes. The problem says what is wrong, with the line where it is one of the lines. */
export function readHashList(path: string): Result<HashList, ReadProblem> {
  const read = readRegularFile(path, MAX_LIST_BYTES);
  const shown = displayPath(path);
  if (!read.ok) return failed({ ...read.problem, message: `${shown} ${read.problem.message}` });
  const list = loadHashList(read.value.toString("utf8"));
  if (list.ok) return list;
  const [first, ...more] = list.problem;
  const others = more.length === 0 ? "" : `, and ${more.length} more such lines`;
  const message = `${shown}:${first?.line}: ${first?.message}${others}`;
  return failed({
    message,
    hint: "write one hash at the beginning of each line, as sha256sum does",
  });
}

/**
 * Reads a list of hashes: one SHA-256 in hex at the beginning of each line; blank lines and lines that begin with "#" are passed over.
 * All bad lines are reported, since a list with one wrong line protects less than its owner believes.
 */
export function loadHashList(text: string): Result<HashList, readonly HashListProblem[]> {
  const hashes = new Set<string>();
  const problems: HashListProblem[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) {
    const words = line.trim();
    if (words === "" || words.startsWith("#")) continue;
    const hash = LINE.exec(words)?.[1];
    if (hash === undefined) problems.push({ line: index + 1, message: problemOf(words) });
    else hashes.add(hash.toLowerCase());
  }
  return problems.length === 0 ? ok(hashes) : failed(problems);
}

function problemOf(words: string): string {
  const digits = /^[0-9a-f]+(?=\s|$)/i.exec(words)?.[0].length;
  if (digits !== undefined) return `a SHA-256 has 64 hex digits, this has ${digits}`;
  return "not a SHA-256 in hex at the beginning of a line";
}

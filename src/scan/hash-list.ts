import { failed, ok, type Result } from "../base/result.ts";

/** SHA-256 hashes of files known to be bad: lower-case hex. */
export type HashList = ReadonlySet<string>;

export interface HashListProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * Reads a list of hashes: one SHA-256 in hex on each line; blank lines, and what stands behind a "#", are passed over.
 * All bad lines are reported, since a list with one wrong line protects less than its owner believes.
 */
export function loadHashList(text: string): Result<HashList, readonly HashListProblem[]> {
  const hashes = new Set<string>();
  const problems: HashListProblem[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) {
    const word = line.replace(/#.*/, "").trim();
    if (word === "") continue;
    if (SHA256.test(word)) hashes.add(word.toLowerCase());
    else problems.push({ line: index + 1, message: problemOf(word) });
  }
  return problems.length === 0 ? ok(hashes) : failed(problems);
}

function problemOf(word: string): string {
  if (/^[0-9a-f]+$/i.test(word)) {
    return `a SHA-256 has 64 hex digits, this has ${word.length}`;
  }
  return "not a SHA-256 in hex, one on a line";
}

import { readHashList } from "../config/hash-list.ts";

/** All lists of `scan.hashes` as one. Throws when one cannot be read: it would be a list that finds nothing. */
export function readHashes(files: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>();
  for (const file of files) {
    const list = readHashList(file);
    if (!list.ok) throw new Error(list.problem.message);
    for (const hash of list.value) all.add(hash);
  }
  return all;
}

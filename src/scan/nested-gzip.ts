import { gzipSync } from "node:zlib";

/** More than any clamd unpacks: its MaxRecursion ends at 100. */
const LEVELS = 128;

/** A byte in gzip in gzip, and so on: some 3 kB that nobody unpacks to the end. */
export function nestedGzip(): Buffer {
  let bytes = Buffer.from("x");
  for (let level = 0; level < LEVELS; level += 1) bytes = gzipSync(bytes);
  return bytes;
}

import { createHash } from "node:crypto";
import { readSync } from "node:fs";

const CHUNK = 1024 * 1024;

/** What a file is known by, in hex. */
export interface FileDigests {
  readonly sha256: string;
  readonly sha1: string;
}

/** Of the first `size` bytes. Throws what the system says, and when the file is shorter. */
export function hashFile(descriptor: number, size: number): FileDigests {
  const sha256 = createHash("sha256");
  const sha1 = createHash("sha1");
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size)));
  for (let position = 0; position < size;) {
    const length = Math.min(buffer.length, size - position);
    const count = readSync(descriptor, buffer, 0, length, position);
    if (count === 0) throw new Error("the file became shorter");
    sha256.update(buffer.subarray(0, count));
    sha1.update(buffer.subarray(0, count));
    position += count;
  }
  return { sha256: sha256.digest("hex"), sha1: sha1.digest("hex") };
}

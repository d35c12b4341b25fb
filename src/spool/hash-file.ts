import { createHash } from "node:crypto";
import { readSync } from "node:fs";

const CHUNK = 1024 * 1024;

/** SHA-256, in hex, of the first `size` bytes. Throws what the system says, and when the file is shorter. */
export function hashFile(descriptor: number, size: number): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size)));
  for (let position = 0; position < size;) {
    const length = Math.min(buffer.length, size - position);
    const count = readSync(descriptor, buffer, 0, length, position);
    if (count === 0) throw new Error("the file became shorter");
    hash.update(buffer.subarray(0, count));
    position += count;
  }
  return hash.digest("hex");
}

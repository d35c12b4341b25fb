import { randomBytes } from "node:crypto";

/** Bytes in which no engine finds anything: random, but without the letter that programs and archives begin with. */
export function harmlessBytes(size: number): Buffer {
  const bytes = randomBytes(size);
  for (let at = 0; at < size; at += 1)
    if (bytes[at] === 0x50 || bytes[at] === 0x4d) bytes[at] = 0x20;
  if (size > 0) bytes[0] = 0x20;
  return bytes;
}

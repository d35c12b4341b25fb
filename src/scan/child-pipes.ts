import { readSync, writeSync } from "node:fs";
import { jsonFrame } from "./process-frames.ts";

/**
 * The other end of asked-process.ts: what a child process reads and writes, without an event loop, so that nothing is read ahead and
 * nothing waits behind something else.
 */
const STDIN = 0;
const STDOUT = 1;
const HEAD_BYTES = 4;

/** Fills a buffer. False: whoever asks has gone. */
export function readExactly(buffer: Buffer): boolean {
  for (let done = 0; done < buffer.length;) {
    const count = readSync(STDIN, buffer, done, buffer.length - done, null);
    if (count === 0) return false;
    done += count;
  }
  return true;
}

/** The next frame. Undefined: whoever asks has gone. */
export function readFrame(): Buffer | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  if (!readExactly(head)) return undefined;
  const body = Buffer.allocUnsafe(head.readUInt32BE());
  return readExactly(body) ? body : undefined;
}

/** Sends an answer, or asks for more. */
export function writeAnswer(answer: object): void {
  const all = jsonFrame(answer);
  for (let done = 0; done < all.length;) done += writeSync(STDOUT, all, done);
}

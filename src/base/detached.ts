/** Longer texts get a buffer of their own. */
const SCRATCH = 1024;
const scratch: Buffer = Buffer.alloc(SCRATCH);

/** A copy of a text that is kept: a piece of a message's text would keep all of that message alive. */
export function detached(text: string): string {
  // A UTF-16 unit takes three bytes at most.
  if (text.length * 3 > SCRATCH) return Buffer.from(text, "utf8").toString("utf8");
  return scratch.toString("utf8", 0, scratch.write(text, "utf8"));
}

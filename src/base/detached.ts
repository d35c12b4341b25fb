/** A copy of a text that is kept: a piece of a message's text would keep all of that message alive. */
export function detached(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

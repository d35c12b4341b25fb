/** Longest name in bytes of UTF-8: what the common file systems bear. */
const MAX_BYTES = 200;

/**
 * The name of a kept file for the archive in which it is handed out: the last part of any path, without controls, invisible and
 * right-to-left characters, and without what Windows takes for a drive, a stream or a wildcard; "file" when nothing is left.
 */
export function entryName(sent: string): string {
  const base = sent.toWellFormed().split(/[/\\]/).at(-1) ?? "";
  const plain = base
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replaceAll(/[<>:"|?*]/g, "_")
    .trim();
  // Windows drops dots and blanks at the end; ".." is all dots.
  let end = plain.length;
  while (end > 0 && " .".includes(plain.charAt(end - 1))) end -= 1;
  return end === 0 ? "file" : shortened(plain.slice(0, end));
}

/** Cuts in the middle, so that the extension stays. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const characters = Array.from(name.slice(0, MAX_BYTES));
  const tail = Array.from(name.slice(-MAX_BYTES)).slice(-20).join("").toWellFormed();
  let room = MAX_BYTES - Buffer.byteLength(tail);
  const head: string[] = [];
  for (const character of characters) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    head.push(character);
  }
  return head.join("").toWellFormed() + tail;
}

/**
 * The text without the signs that it ends in, as `replace(/[ab]+$/, "")` would give, in one pass from the end: that expression tries
 * again at every sign of a long run, and takes seconds for 64 kB of them.
 *
 * @param signs Each a sign of its own, e.g. "= ".
 * @example withoutTrailing("abc==", "=") // "abc"
 */
export function withoutTrailing(text: string, signs: string): string {
  let end = text.length;
  while (end > 0 && signs.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

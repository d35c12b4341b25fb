/**
 * The quick way for what nearly all lines of a domain list are: a name in letters, digits, hyphens, underscores and dots.
 * Copies `from[start, end)` in lower case, without a dot at its beginning.
 *
 * @returns where the name ends in `into`; -1 when the line is anything else and has to be read with care (foldDomain)
 */
export function copyPlainDomain(
  from: Uint8Array,
  [start, end]: readonly [number, number],
  into: Uint8Array,
  at: number,
): number {
  const first = from[start] === DOT ? start + 1 : start;
  const shift = at - first;
  for (let index = first; index < end; index += 1) {
    const byte = PLAIN[from[index] ?? 0] ?? 0;
    if (byte === 0) return -1;
    into[index + shift] = byte;
  }
  return first < end && from[end - 1] !== DOT ? end + shift : -1;
}

const DOT = 0x2e;

/** Byte → the byte in lower case, or 0: not plain. */
const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[a-zA-Z0-9._-]/.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});

/** Codes longer than this are looked up bit by bit: they are rare. */
const FAST_BITS = 10;
const MAX_CODE = 15;

/** A canonical Huffman code of deflate (RFC 1951 §3.2.2). */
export interface HuffmanCode {
  /** By the next ten bits: the symbol times sixteen, and the length of its code; 0: longer, or none. */
  readonly fast: Uint16Array;
  /** How many codes each length has. */
  readonly counts: Uint16Array;
  /** In the order of their codes. */
  readonly symbols: Uint16Array;
}

/** The code in which every symbol has the length given for it. Undefined: more codes than there can be. */
export function huffmanCode(lengths: Uint8Array): HuffmanCode | undefined {
  const counts = new Uint16Array(MAX_CODE + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const offsets = new Uint16Array(MAX_CODE + 2);
  const codes = new Uint16Array(MAX_CODE + 2);
  let left = 1;
  for (let length = 1; length <= MAX_CODE; length += 1) {
    const count = counts[length] ?? 0;
    left = left * 2 - count;
    if (left < 0) return undefined;
    offsets[length + 1] = (offsets[length] ?? 0) + count;
    codes[length + 1] = ((codes[length] ?? 0) + count) << 1;
  }
  const symbols = new Uint16Array(lengths.length);
  const fast = new Uint16Array(1 << FAST_BITS);
  for (let symbol = 0; symbol < lengths.length; symbol += 1) {
    const length = lengths[symbol] ?? 0;
    if (length === 0) continue;
    const place = offsets[length] ?? 0;
    symbols[place] = symbol;
    offsets[length] = place + 1;
    const code = codes[length] ?? 0;
    codes[length] = code + 1;
    if (length > FAST_BITS) continue;
    const step = 1 << length;
    for (let at = reversed(code, length); at < fast.length; at += step) {
      fast[at] = (symbol << 4) | length;
    }
  }
  return { fast, counts, symbols };
}

/** The first bit of a code comes first, and is the least of a byte. */
function reversed(code: number, length: number): number {
  let value = 0;
  for (let bit = 0; bit < length; bit += 1) value |= ((code >> bit) & 1) << (length - 1 - bit);
  return value;
}

/** As `fast` has it, of a code that is too long for it, by the next fifteen bits; 0: there is no such code. */
export function slowSymbol({ counts, symbols }: HuffmanCode, bits: number): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= MAX_CODE; length += 1) {
    code |= (bits >> (length - 1)) & 1;
    const count = counts[length] ?? 0;
    if (code - count < first) return ((symbols[index + code - first] ?? 0) << 4) | length;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return 0;
}

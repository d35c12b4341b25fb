/**
 * The entries of a long list in two shared arrays, so that a million names cost some 30 MB, are built in a worker and are
 * read by every thread without being copied: a hash table with open addressing whose slots point into the text of the
 * entries. A hit is always confirmed against that text, so a collision costs time and never decides.
 *
 * Plain data: it crosses threads by structured clone, which shares the arrays. list-table-builder.ts makes it.
 */
export interface ListTable {
  /** Each entry in UTF-8, followed by a line feed, which no entry contains. */
  readonly text: Uint8Array<SharedArrayBuffer>;
  /**
   * A power of two of them, more than there are entries. 0 is free; else the offset of an entry in `text` plus one in
   * the lower 27 bits, and five bits of its hash above, which save most looks into the text.
   */
  readonly slots: Uint32Array<SharedArrayBuffer>;
  /** Chosen at random for each table: nobody can prepare names that collide. */
  readonly seed: number;
  /** Odd, at random too. */
  readonly factor: number;
  /** Different ones. */
  readonly entries: number;
  /** Bit n is set when an entry has n dots; from 31 on they share the last. Other names need not be looked for. */
  readonly dots: number;
}

/** Bytes of one entry at most; a domain name has 253, and what is longer is in no list. */
export const MAX_ENTRY_BYTES = 1000;

/** Bits of a slot that hold an offset. */
export const OFFSET_BITS = 27;

export const OFFSET_MASK: number = 2 ** OFFSET_BITS - 1;

export const LINE_FEED = 0x0a;

export const DOT = 0x2e;

/** The bit of `ListTable.dots` for an entry with so many. */
export function dotsBit(dots: number): number {
  return 1 << Math.min(dots, 31);
}

/** Looks into a table. Values are compared as they are: whoever asks has folded them. */
export interface ListTableReader {
  /** Whether the value is an entry. */
  readonly has: (value: string) => boolean;
  /** Whether the value, or what stands after one of its dots, is an entry: a domain list holds all names under its names. */
  readonly hasDomain: (value: string) => boolean;
}

/** @example createListTableReader(table).hasDomain("a.b.evil.example") // true when evil.example is an entry */
export function createListTableReader(table: ListTable): ListTableReader {
  const { text, slots, seed, factor, dots: known } = table;
  const mask = slots.length - 1;
  const value = new Uint8Array(3 * MAX_ENTRY_BYTES);

  /** Is value[start, end) an entry? `hash` is that of these bytes. */
  function isEntry(start: number, end: number, hash: number): boolean {
    const mixed = mixHash(hash);
    const sign = mixed >>> OFFSET_BITS;
    for (let at = mixed & mask; ; at = (at + 1) & mask) {
      const slot = slots[at] ?? 0;
      if (slot === 0) return false;
      if (slot >>> OFFSET_BITS === sign && isAt((slot & OFFSET_MASK) - 1, start, end)) return true;
    }
  }

  function isAt(offset: number, start: number, end: number): boolean {
    const shift = offset - start;
    for (let index = start; index < end; index += 1) {
      if (text[index + shift] !== value[index]) return false;
    }
    return text[end + shift] === LINE_FEED;
  }

  return {
    has(asked) {
      const length = writeText(asked, value);
      if (length === 0 || length > MAX_ENTRY_BYTES) return false;
      let hash = seed;
      for (let index = length - 1; index >= 0; index -= 1) {
        const byte = value[index] ?? 0;
        if (byte === LINE_FEED) return false;
        hash = addToHash(hash, byte, factor);
      }
      return isEntry(0, length, hash);
    },
    hasDomain(asked) {
      // From the right, so that one pass gives the hash of every name above; beyond the cut no entry can begin.
      const isCut = asked.length > MAX_ENTRY_BYTES;
      const length = writeText(isCut ? asked.slice(-MAX_ENTRY_BYTES) : asked, value);
      let hash = seed;
      let dots = 0;
      for (let index = length - 1; index >= 0; index -= 1) {
        const byte = value[index] ?? 0;
        if (byte === LINE_FEED) return false;
        if (byte === DOT) {
          const isLikely = (known & dotsBit(dots)) !== 0;
          if (isLikely && index + 1 < length && isEntry(index + 1, length, hash)) return true;
          dots += 1;
        }
        hash = addToHash(hash, byte, factor);
      }
      return length > 0 && !isCut && (known & dotsBit(dots)) !== 0 && isEntry(0, length, hash);
    },
  };
}

/** One byte more in front. */
export function addToHash(hash: number, byte: number, factor: number): number {
  return Math.imul(((hash << 5) | (hash >>> 27)) ^ byte, factor);
}

/** Spreads what differs in any bit over all of them (the finalizer of MurmurHash3). Unsigned. */
export function mixHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const encoder = new TextEncoder();

/** Writes UTF-8 and gives its length; of what does not fit into `into`, as much as fits. */
function writeText(text: string, into: Uint8Array): number {
  if (text.length > into.length) return into.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return encoder.encodeInto(text, into).written;
    into[index] = code;
  }
  return text.length;
}

import type { HighBits } from "./high-bits.ts";
import { Unreadable } from "./unreadable.ts";

const MAX_CODE = 20;
/** More are never used: a block has 900,000 symbols, in groups of 50. */
const MAX_SELECTORS = 18_002;

/** What stands before the symbols of a block. */
export interface Bzip2Codes {
  /** The bytes that come in it. */
  readonly used: readonly number[];
  /** Which table each group of symbols is written in. */
  readonly selectors: Uint8Array;
  readonly tables: readonly Bzip2Table[];
}

/** Reads them. Throws `Unreadable`. */
export function readBzip2Codes(bits: HighBits): Bzip2Codes {
  const used: number[] = [];
  const rows = bits.take(16);
  for (let row = 0; row < 16; row += 1) {
    if (((rows >> (15 - row)) & 1) === 0) continue;
    const columns = bits.take(16);
    for (let column = 0; column < 16; column += 1) {
      if (((columns >> (15 - column)) & 1) === 1) used.push(row * 16 + column);
    }
  }
  const groups = bits.take(3);
  const count = bits.take(15);
  if (used.length === 0 || groups < 2 || groups > 6 || count === 0) throw new Unreadable("corrupt");
  const selectors = readSelectors(bits, groups, count);
  const tables: Bzip2Table[] = [];
  for (let i = 0; i < groups; i += 1)
    tables.push(new Bzip2Table(readLengths(bits, used.length + 2)));
  return { used, selectors, tables };
}

function readSelectors(bits: HighBits, groups: number, count: number): Uint8Array {
  const list = Array.from({ length: groups }, (_, i) => i);
  const selectors = new Uint8Array(Math.min(count, MAX_SELECTORS));
  for (let i = 0; i < count; i += 1) {
    let place = 0;
    while (bits.take(1) === 1) {
      place += 1;
      if (place >= groups) throw new Unreadable("corrupt");
    }
    const [chosen = 0] = list.splice(place, 1);
    list.unshift(chosen);
    if (i < selectors.length) selectors[i] = chosen;
  }
  return selectors;
}

function readLengths(bits: HighBits, count: number): Uint8Array {
  const lengths = new Uint8Array(count);
  let length = bits.take(5);
  for (let i = 0; i < count; i += 1) {
    while (bits.take(1) === 1) {
      length += bits.take(1) === 0 ? 1 : -1;
      if (length < 1 || length > MAX_CODE) throw new Unreadable("corrupt");
    }
    if (length < 1 || length > MAX_CODE) throw new Unreadable("corrupt");
    lengths[i] = length;
  }
  return lengths;
}

/** Codes longer than this are looked up bit by bit: they are rare. */
const FAST_BITS = 10;

/** A canonical Huffman code whose first bit is the highest. */
export class Bzip2Table {
  readonly #counts = new Uint16Array(MAX_CODE + 1);
  readonly #symbols: Uint16Array;
  /** By the next ten bits: the symbol times 32, and the length of its code; 0: longer, or none. */
  readonly #fast = new Uint16Array(1 << FAST_BITS);

  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let place = 0;
    let code = 0;
    for (let length = 1; length <= MAX_CODE; length += 1) {
      for (let symbol = 0; symbol < lengths.length; symbol += 1) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[place] = symbol;
        place += 1;
        this.#counts[length] = (this.#counts[length] ?? 0) + 1;
        if (length <= FAST_BITS) {
          const from = code << (FAST_BITS - length);
          this.#fast.fill((symbol << 5) | length, from, from + (1 << (FAST_BITS - length)));
        }
        code += 1;
      }
      code <<= 1;
    }
  }

  symbol(bits: HighBits): number {
    const entry = this.#fast[bits.peek(FAST_BITS)] ?? 0;
    if (entry === 0) return this.#slow(bits);
    bits.drop(entry & 31);
    return entry >> 5;
  }

  #slow(bits: HighBits): number {
    const next = bits.peek(MAX_CODE);
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE; length += 1) {
      const place = (next >> (MAX_CODE - length)) - first;
      const count = this.#counts[length] ?? 0;
      if (place < count) {
        bits.drop(length);
        return this.#symbols[index + place] ?? 0;
      }
      index += count;
      first = (first + count) << 1;
    }
    throw new Unreadable("corrupt");
  }
}

/**
 * Unpacks what is deflated (RFC 1951) piece by piece, in constant memory, and knows where it ends: zlib as Node has it can do that
 * only in streams, which have to wait, or at once for all that fits into memory.
 */
import type { ByteInput } from "./byte-input.ts";
import { huffmanCode, slowSymbol, type HuffmanCode } from "./huffman.ts";
import { Unreadable } from "./unreadable.ts";

/** How far back a distance reaches. */
const WINDOW = 32 * 1024;
const OUT_BYTES = 128 * 1024;
/** The longest copy. */
const MAX_COPY = 258;

/**
 * What comes out, in pieces of up to 96 KiB. Of the input so much is taken as belongs to it, to the byte. Throws `Unreadable` where it is
 * broken or cut off.
 */
export function* inflate(input: ByteInput): Generator<Buffer, void> {
  const state = new Inflater(input);
  for (let isLast = false; !isLast;) {
    isLast = state.bits(1) === 1;
    const kind = state.bits(2);
    if (kind === 0) {
      for (const piece of state.stored()) yield piece;
    } else {
      const codes = kind === 1 ? FIXED : kind === 2 ? readCodes(state) : undefined;
      if (codes === undefined) throw new Unreadable("corrupt");
      while (!state.unpack(codes)) yield state.flush();
    }
    if (state.isFull) yield state.flush();
  }
  state.giveBack();
  yield state.flush();
}

interface Codes {
  readonly literals: HuffmanCode;
  readonly distances: HuffmanCode;
}

class Inflater {
  readonly #input: ByteInput;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #held = 0;
  #count = 0;
  readonly #out = Buffer.alloc(OUT_BYTES);
  /** Where the next byte goes; what stands before `#from` was given out, and is kept to copy from. */
  #to = 0;
  #from = 0;

  constructor(input: ByteInput) {
    this.#input = input;
  }

  get isFull(): boolean {
    return this.#to > OUT_BYTES - MAX_COPY;
  }

  /** What came out since the last time. */
  flush(): Buffer {
    const piece = Buffer.from(this.#out.subarray(this.#from, this.#to));
    if (this.#to > WINDOW) {
      this.#out.copyWithin(0, this.#to - WINDOW, this.#to);
      this.#to = WINDOW;
    }
    this.#from = this.#to;
    return piece;
  }

  /** What was read ahead and does not belong to it. */
  giveBack(): void {
    const whole = this.#count >> 3;
    this.#input.unread(this.#chunk.subarray(this.#at - whole));
  }

  /** The next bits, the least first; at most 16. */
  bits(count: number): number {
    this.#fill(count);
    if (this.#count < count) throw new Unreadable("corrupt");
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return value;
  }

  *stored(): Generator<Buffer> {
    this.bits(this.#count & 7);
    const length = this.bits(16);
    if (length !== (~this.bits(16) & 0xffff)) throw new Unreadable("corrupt");
    for (let left = length; left > 0;) {
      if (this.isFull) yield this.flush();
      if (this.#count >= 8) {
        this.#out[this.#to++] = this.bits(8);
        left -= 1;
        continue;
      }
      if (this.#at >= this.#chunk.length && !this.#more()) throw new Unreadable("corrupt");
      const most = Math.min(left, OUT_BYTES - this.#to);
      const copied = this.#chunk.copy(this.#out, this.#to, this.#at, this.#at + most);
      this.#at += copied;
      this.#to += copied;
      left -= copied;
    }
  }

  /** To the end of a block: true; false: there is no more room. */
  unpack({ literals, distances }: Codes): boolean {
    const out = this.#out;
    while (this.#to <= OUT_BYTES - MAX_COPY) {
      const symbol = this.symbol(literals);
      if (symbol < END) {
        out[this.#to++] = symbol;
        continue;
      }
      if (symbol === END) return true;
      const extra = LENGTH_BITS[symbol - 257];
      if (extra === undefined) throw new Unreadable("corrupt");
      const length = (LENGTHS[symbol - 257] ?? 0) + (extra === 0 ? 0 : this.bits(extra));
      const place = this.symbol(distances);
      const base = DISTANCES[place];
      if (base === undefined) throw new Unreadable("corrupt");
      const distance = base + (place < 4 ? 0 : this.bits((place >> 1) - 1));
      this.#copy(distance, length);
    }
    return false;
  }

  /** The next symbol. */
  symbol(code: HuffmanCode): number {
    if (this.#count < 15) this.#fill(15);
    let entry = code.fast[this.#held & 1023] ?? 0;
    if (entry === 0) entry = slowSymbol(code, this.#held & 0x7fff);
    const length = entry & 15;
    if (length === 0 || length > this.#count) throw new Unreadable("corrupt");
    this.#held >>>= length;
    this.#count -= length;
    return entry >> 4;
  }

  #copy(distance: number, length: number): void {
    const out = this.#out;
    let to = this.#to;
    if (distance > to) throw new Unreadable("corrupt");
    if (distance >= length && length > 32)
      out.copyWithin(to, to - distance, to - distance + length);
    else if (distance === 1) out.fill(out[to - 1] ?? 0, to, to + length);
    else for (const end = to + length; to < end; to += 1) out[to] = out[to - distance] ?? 0;
    this.#to += length;
  }

  /** At least so many bits, where there are. */
  #fill(count: number): void {
    while (this.#count < count) {
      if (this.#at >= this.#chunk.length && !this.#more()) return;
      this.#held |= (this.#chunk[this.#at] ?? 0) << this.#count;
      this.#at += 1;
      this.#count += 8;
    }
  }

  #more(): boolean {
    // Bits of the last byte of the old one may be held: as many bytes may have to be given back.
    const old = this.#chunk.subarray(Math.max(0, this.#at - 4));
    const next = this.#input.next();
    if (next === undefined) return false;
    this.#at = old.length;
    this.#chunk = Buffer.concat([old, next]);
    return true;
  }
}

/** §3.2.7: the order in which the lengths of the code for lengths come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function readCodes(state: Inflater): Codes | undefined {
  const literals = state.bits(5) + 257;
  const distances = state.bits(5) + 1;
  const given = state.bits(4) + 4;
  const short = new Uint8Array(19);
  for (let i = 0; i < given; i += 1) short[ORDER[i] ?? 0] = state.bits(3);
  const code = huffmanCode(short);
  if (code === undefined) return undefined;
  const lengths = new Uint8Array(literals + distances);
  for (let at = 0; at < lengths.length;) {
    const symbol = state.symbol(code);
    if (symbol < 16) {
      lengths[at] = symbol;
      at += 1;
      continue;
    }
    if (symbol === 16 && at === 0) return undefined;
    const repeated = symbol === 16 ? (lengths[at - 1] ?? 0) : 0;
    const count =
      symbol === 16 ? 3 + state.bits(2) : symbol === 17 ? 3 + state.bits(3) : 11 + state.bits(7);
    if (at + count > lengths.length) return undefined;
    lengths.fill(repeated, at, at + count);
    at += count;
  }
  return codesOf(lengths.subarray(0, literals), lengths.subarray(literals));
}

function codesOf(literalLengths: Uint8Array, distanceLengths: Uint8Array): Codes | undefined {
  const literals = huffmanCode(literalLengths);
  const distances = huffmanCode(distanceLengths);
  return literals && distances && { literals, distances };
}

/** §3.2.6. */
const FIXED: Codes | undefined = codesOf(
  Uint8Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)),
  new Uint8Array(30).fill(5),
);

/** §3.2.5: base lengths and distances, and how many bits are added to each. */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const END = 256;

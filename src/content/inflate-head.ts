/**
 * The first bytes of what is deflated (RFC 1951), for its magic number. Zlib is made for whole streams: to begin with one costs
 * tens of microseconds, and a few hundred bytes of zeros come out as 400 KB, for each of two thousand members of an archive.
 */

/** As many as the magic number of a tar needs. */
const HEAD_BYTES = 512;

/** Nobody begins with more blocks that hold next to nothing. */
const MAX_BLOCKS = 8;

/**
 * The beginning of what `packed` unpacks to, at most 512 bytes; what comes before the place where it breaks or ends. Never throws, and
 * takes time for its output and eight blocks at most.
 */
export function inflateHead(packed: Uint8Array): Buffer {
  const out = Buffer.alloc(HEAD_BYTES);
  const bits = new Bits(packed);
  let length = 0;
  for (let block = 0; block < MAX_BLOCKS && length < HEAD_BYTES; block += 1) {
    const last = bits.take(1);
    const kind = bits.take(2);
    const codes =
      kind === 0 ? STORED : kind === 1 ? FIXED : kind === 2 ? readCodes(bits) : undefined;
    if (codes === undefined || bits.ended) break;
    const end = codes === STORED ? copyStored(bits, out, length) : unpack(bits, codes, out, length);
    length = end.length;
    if (last === 1 || end.broken) break;
  }
  return out.subarray(0, length);
}

interface Unpacked {
  readonly length: number;
  readonly broken: boolean;
}

/** Reads bits from the least of each byte on (§3.1.1); behind the end there are zeros, and `ended` says so. */
class Bits {
  ended = false;
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#bytes.length) this.ended = true;
      this.#held |= (this.#bytes[this.#at] ?? 0) << this.#count;
      this.#at += 1;
      this.#count += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return value;
  }

  /** To the beginning of the next byte. */
  align(): void {
    this.take(this.#count % 8);
  }
}

/** A canonical Huffman code (§3.2.2): how many codes each length has, and the symbols in their order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

interface Codes {
  readonly literals: Code;
  readonly distances: Code;
}

const MAX_CODE = 15;

function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(MAX_CODE + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const next = new Uint16Array(MAX_CODE + 2);
  for (let length = 1; length <= MAX_CODE; length += 1)
    next[length + 1] = (next[length] ?? 0) + (counts[length] ?? 0);
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const at = next[length] ?? 0;
    symbols[at] = symbol;
    next[length] = at + 1;
  }
  return { counts, symbols };
}

/** The next symbol; -1: there is no such code. */
function symbolOf(bits: Bits, { counts, symbols }: Code): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= MAX_CODE; length += 1) {
    code |= bits.take(1);
    const count = counts[length] ?? 0;
    if (code - count < first) return symbols[index + code - first] ?? -1;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return -1;
}

/** §3.2.7: the order in which the lengths of the code for lengths come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function readCodes(bits: Bits): Codes | undefined {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const given = bits.take(4) + 4;
  const short = new Uint8Array(19);
  for (let i = 0; i < given; i += 1) short[ORDER[i] ?? 0] = bits.take(3);
  const code = codeOf(short);
  const lengths = new Uint8Array(literals + distances);
  for (let at = 0; at < lengths.length;) {
    const symbol = symbolOf(bits, code);
    if (symbol < 0 || bits.ended || (symbol === 16 && at === 0)) return undefined;
    if (symbol < 16) {
      lengths[at] = symbol;
      at += 1;
      continue;
    }
    const repeated = symbol === 16 ? (lengths[at - 1] ?? 0) : 0;
    const count =
      symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (at + count > lengths.length) return undefined;
    lengths.fill(repeated, at, at + count);
    at += count;
  }
  return {
    literals: codeOf(lengths.subarray(0, literals)),
    distances: codeOf(lengths.subarray(literals)),
  };
}

/** §3.2.6. */
const FIXED: Codes = {
  literals: codeOf(
    Uint8Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)),
  ),
  distances: codeOf(new Uint8Array(30).fill(5)),
};

/** No codes: the bytes stand there as they are. */
const STORED: Codes = { literals: codeOf(new Uint8Array(0)), distances: codeOf(new Uint8Array(0)) };

function copyStored(bits: Bits, out: Buffer, from: number): Unpacked {
  bits.align();
  const count = bits.take(16);
  if (count !== (~bits.take(16) & 0xffff)) return { length: from, broken: true };
  let length = from;
  for (let i = 0; i < count && length < out.length; i += 1) {
    const byte = bits.take(8);
    if (bits.ended) return { length, broken: true };
    out[length] = byte;
    length += 1;
  }
  return { length, broken: false };
}

/** §3.2.5: base lengths and distances, and how many bits are added to each. */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513];
const END = 256;

function unpack(bits: Bits, { literals, distances }: Codes, out: Buffer, from: number): Unpacked {
  let length = from;
  while (length < out.length) {
    const symbol = symbolOf(bits, literals);
    if (symbol < 0 || bits.ended) return { length, broken: true };
    if (symbol === END) return { length, broken: false };
    if (symbol < END) {
      out[length] = symbol;
      length += 1;
      continue;
    }
    const copied = (LENGTHS[symbol - 257] ?? 0) + bits.take(LENGTH_BITS[symbol - 257] ?? 0);
    const place = symbolOf(bits, distances);
    const distance = (DISTANCES[place] ?? Infinity) + bits.take(place < 2 ? 0 : (place >> 1) - 1);
    if (copied === 0 || place < 0 || bits.ended || distance > length)
      return { length, broken: true };
    for (let i = 0; i < copied && length < out.length; i += 1) {
      out[length] = out[length - distance] ?? 0;
      length += 1;
    }
  }
  return { length, broken: false };
}

/**
 * Unpacks bzip2 piece by piece. There is no specification but the program; the names are those of its documentation. A block has at most
 * 900,000 bytes before the runs in it are written out, and takes four times as much memory.
 */
import type { ByteInput } from "./byte-input.ts";
import { readBzip2Codes, type Bzip2Codes } from "./bzip2-codes.ts";
import { HighBits } from "./high-bits.ts";
import { Unreadable } from "./unreadable.ts";

const BLOCK = 0x3141_5926_5359;
const END = 0x1772_4538_5090;
const OUT_BYTES = 128 * 1024;
const GROUP = 50;
/** Symbols of a block that stand for runs. */
const RUN_B = 1;

/**
 * What comes out. Several streams in a row are one file; behind them may be zeros. Throws `Unreadable` where it is broken or cut off, and
 * where something else follows.
 */
export function* bunzip2(input: ByteInput): Generator<Buffer, void> {
  for (let isFirst = true; ; isFirst = false) {
    const head = input.peek(4).toString("latin1");
    if (!/^BZh[1-9]$/.test(head)) {
      if (isFirst || !input.isPadding()) throw new Unreadable("corrupt");
      return;
    }
    input.take(4);
    yield* unpackStream(new HighBits(input), Number(head[3]) * 100_000);
  }
}

function* unpackStream(bits: HighBits, blockSize: number): Generator<Buffer, void> {
  const block = new Uint32Array(blockSize);
  let combined = 0;
  for (;;) {
    const magic = (bits.take(16) * 2 ** 16 + bits.take(16)) * 2 ** 16 + bits.take(16);
    const checksum = (bits.take(16) * 2 ** 16 + bits.take(16)) >>> 0;
    if (magic === END) {
      if (checksum !== combined) throw new Unreadable("corrupt");
      bits.align();
      return;
    }
    if (magic !== BLOCK) throw new Unreadable("corrupt");
    // Randomised blocks are made by versions before 0.9.5 only.
    if (bits.take(1) === 1) throw new Unreadable("unknown-format");
    const found = yield* unpackBlock(bits, block);
    if (found !== checksum) throw new Unreadable("corrupt");
    combined = (((combined << 1) | (combined >>> 31)) ^ checksum) >>> 0;
  }
}

/** Gives back the checksum. */
function* unpackBlock(bits: HighBits, block: Uint32Array): Generator<Buffer, number> {
  const origin = bits.take(8) * 2 ** 16 + bits.take(16);
  const codes = readBzip2Codes(bits);
  const length = readSymbols(bits, codes, block);
  if (origin >= length) throw new Unreadable("corrupt");
  sortBack(block, length);
  let at = (block[origin] ?? 0) >>> 8;
  let checksum = 0xffff_ffff;
  let out = Buffer.alloc(OUT_BYTES);
  let to = 0;
  let run = 0;
  let last = -1;
  for (let left = length; left > 0; left -= 1) {
    const entry = block[at] ?? 0;
    at = entry >>> 8;
    const byte = entry & 0xff;
    let times = 1;
    if (run === 4) {
      // four of the same, and then how many more
      times = byte;
      run = 0;
    } else {
      run = byte === last ? run + 1 : 1;
      last = byte;
    }
    for (; times > 0; times -= 1) {
      out[to++] = last;
      checksum = ((checksum << 8) ^ (TABLE[(checksum >>> 24) ^ last] ?? 0)) >>> 0;
    }
    if (run === 0) last = -1;
    if (to <= OUT_BYTES - 256) continue;
    yield out.subarray(0, to);
    out = Buffer.alloc(OUT_BYTES);
    to = 0;
  }
  yield out.subarray(0, to);
  return ~checksum >>> 0;
}

/** Undoes the Huffman codes, the moves to the front and the runs of the first of the list. */
function readSymbols(bits: HighBits, codes: Bzip2Codes, block: Uint32Array): number {
  const { used, selectors, tables } = codes;
  const end = used.length + 1;
  const list = Uint8Array.from(used);
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let group = 0; ; group += 1) {
    const table = tables[selectors[group] ?? -1];
    if (table === undefined) throw new Unreadable("corrupt");
    for (let i = 0; i < GROUP; i += 1) {
      const symbol = table.symbol(bits);
      if (symbol <= RUN_B) {
        run += weight << symbol;
        weight *= 2;
        if (run > block.length) throw new Unreadable("corrupt");
        continue;
      }
      if (run > 0) {
        if (length + run > block.length) throw new Unreadable("corrupt");
        block.fill(list[0] ?? 0, length, length + run);
        length += run;
        run = 0;
        weight = 1;
      }
      if (symbol === end) return length;
      if (length >= block.length) throw new Unreadable("corrupt");
      const byte = list[symbol - 1] ?? 0;
      // mostly a few places, for which a call costs more
      for (let place = symbol - 1; place > 0; place -= 1) list[place] = list[place - 1] ?? 0;
      list[0] = byte;
      block[length] = byte;
      length += 1;
    }
  }
}

/** Writes above each byte where the next one of the text stands (Burrows and Wheeler). */
function sortBack(block: Uint32Array, length: number): void {
  const starts = new Uint32Array(257);
  for (let i = 0; i < length; i += 1) {
    const byte = (block[i] ?? 0) & 0xff;
    starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  }
  for (let byte = 1; byte <= 256; byte += 1) {
    starts[byte] = (starts[byte] ?? 0) + (starts[byte - 1] ?? 0);
  }
  for (let i = 0; i < length; i += 1) {
    const byte = (block[i] ?? 0) & 0xff;
    const place = starts[byte] ?? 0;
    starts[byte] = place + 1;
    block[place] = ((block[place] ?? 0) & 0xff) | (i << 8);
  }
}

/** CRC-32 with the most significant bit first, which zlib does not have. */
const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  return value;
});

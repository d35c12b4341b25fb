import { crc32 } from "node:zlib";
import type { ByteInput } from "./byte-input.ts";
import { unpackLzma2 } from "./lzma.ts";
import { Unreadable } from "./unreadable.ts";

/** Of one block, which comes out at once; `xz` puts a whole file into one, unless it was told to use several threads. */
const MAX_BLOCK = 64 * 1024 * 1024;
const MAX_PACKED = 32 * 1024 * 1024;

const MAGIC = "\xfd7zXZ\0";
const HEADER = 12;
const LZMA2 = 0x21;
/** Bytes of the checksum behind each block, by its kind (xz-file-format, 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;
const CRC32 = 1;

/** Whether an xz file begins here. */
export function beginsXz(head: Buffer): boolean {
  return head.toString("latin1", 0, 6) === MAGIC;
}

/**
 * Unpacks xz block by block. Several streams in a row are one file; behind them may be zeros. Throws `Unreadable`; "unknown-format" where
 * a filter was put before the packing. Of checksums CRC32 alone is compared.
 */
export function* unpackXz(input: ByteInput): Generator<Buffer, void> {
  for (let isFirst = true; ; isFirst = false) {
    const head = input.peek(HEADER);
    if (head.length < HEADER || !beginsXz(head)) {
      if (isFirst || !input.isPadding()) throw new Unreadable("corrupt");
      return;
    }
    const kind = (input.take(HEADER)[7] ?? 0) & 15;
    for (
      let block = unpackBlock(input, kind);
      block !== undefined;
      block = unpackBlock(input, kind)
    ) {
      yield block;
    }
    skipIndex(input);
  }
}

/** Undefined: the index comes, and with it the end. */
function unpackBlock(input: ByteInput, kind: number): Buffer | undefined {
  const first = input.peek(1)[0];
  if (first === undefined) throw new Unreadable("corrupt");
  if (first === 0) return undefined;
  const length = (first + 1) * 4;
  const header = input.take(length);
  const isWhole =
    header.length === length &&
    header.readUInt32LE(length - 4) === crc32(header.subarray(0, length - 4));
  if (!isWhole) throw new Unreadable("corrupt");
  readBlockHeader(header);
  const { packed, size } = takeLzma2(input);
  const { bytes, whole } = unpackLzma2(packed, size);
  if (!whole) throw new Unreadable("corrupt");
  input.take(-packed.length & 3);
  const sum = input.take(CHECK_BYTES[kind] ?? 0);
  if (kind === CRC32 && (sum.length < 4 || sum.readUInt32LE(0) !== crc32(bytes))) {
    throw new Unreadable("corrupt");
  }
  return bytes;
}

/** 3.1: one filter, and that LZMA2. */
function readBlockHeader(header: Buffer): void {
  const flags = header[1] ?? 0;
  let at = 2;
  for (
    let left = Number((flags & 0x40) !== 0) + Number((flags & 0x80) !== 0);
    left > 0;
    left -= 1
  ) {
    while (((header[at] ?? 0) & 0x80) !== 0) at += 1;
    at += 1;
  }
  if ((flags & 3) !== 0 || header[at] !== LZMA2) throw new Unreadable("unknown-format");
}

/** The chunks of LZMA2 say how long they are, packed and unpacked. */
function takeLzma2(input: ByteInput): { readonly packed: Buffer; readonly size: number } {
  const pieces: Buffer[] = [];
  let size = 0;
  let length = 0;
  const take = (count: number): Buffer => {
    const piece = input.take(count);
    if (piece.length < count) throw new Unreadable("corrupt");
    pieces.push(piece);
    length += count;
    return piece;
  };
  for (;;) {
    const control = take(1)[0] ?? 0;
    if (control === 0) return { packed: Buffer.concat(pieces), size };
    if (control < 0x80) {
      const count = take(2).readUInt16BE(0) + 1;
      size += count;
      take(count);
    } else {
      const head = take(4);
      size += (control & 0x1f) * 65_536 + head.readUInt16BE(0) + 1;
      take(head.readUInt16BE(2) + 1 + (control >= 0xc0 ? 1 : 0));
    }
    if (size > MAX_BLOCK || length > MAX_PACKED) throw new Unreadable("partial");
  }
}

/** 4 and 2.1.2: a record for each block, a checksum, and the footer. */
function skipIndex(input: ByteInput): void {
  const start = input.given;
  input.take(1);
  for (let left = variable(input) * 2; left > 0; left -= 1) variable(input);
  input.take(-(input.given - start) & 3);
  const end = input.take(4 + HEADER);
  if (end.toString("latin1", 14) !== "YZ") throw new Unreadable("corrupt");
}

function variable(input: ByteInput): number {
  let value = 0;
  for (let factor = 1; factor < 2 ** 49; factor *= 128) {
    const [byte] = input.take(1);
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new Unreadable("corrupt");
}

import { crc32 } from "node:zlib";
import { ByteInput, chunksOf } from "./byte-input.ts";
import type { ByteView } from "./byte-view.ts";
import { bunzip2 } from "./bzip2-stream.ts";
import { inflate } from "./inflate-stream.ts";
import type { LookBudget } from "./look-budget.ts";
import { unpackLzma } from "./lzma.ts";
import { metered } from "./metered.ts";
import { Unreadable } from "./unreadable.ts";
import type { ZipEntry } from "./zip-directory.ts";
import { unpackXz } from "./xz-stream.ts";
import { unpackZstd } from "./zstd-stream.ts";

type Unpack = (input: ByteInput, entry: ZipEntry) => Generator<Buffer, void>;

/** By method (APPNOTE 4.4.5); of the others it is not said what they hold. */
const METHODS: Readonly<Record<number, Unpack>> = {
  8: inflate,
  12: bunzip2,
  14: unpackZipLzma,
  93: unpackZstd,
  95: unpackXz,
};

/**
 * What an entry unpacks to. Throws `Unreadable`: where it is broken, has another size or checksum than the directory says, or bytes are left over; where the
 * method is not known; where the budget ends.
 */
export function* unpackZipEntry(
  file: ByteView,
  entry: ZipEntry,
  budget: LookBudget,
): Generator<Buffer, void> {
  const { method, dataStart = 0, packedSize, size, checksum } = entry;
  const packed = chunksOf(file, dataStart, packedSize);
  const input = new ByteInput(packed);
  const unpack = METHODS[method];
  if (method !== 0 && unpack === undefined) throw new Unreadable("unknown-format");
  const pieces =
    unpack === undefined ? input.rest() : metered(unpack(input, entry), budget, () => input.given);
  let length = 0;
  let found = 0;
  for (const piece of pieces) {
    length += piece.length;
    if (length > size) throw new Unreadable("corrupt");
    found = crc32(piece, found);
    yield piece;
  }
  const isAll = length === size && found === checksum && input.peek(1).length === 0;
  if (!isAll) throw new Unreadable("corrupt");
}

/** Of a member that is packed with LZMA, which comes out at once; and packed. */
const MAX_LZMA = 64 * 1024 * 1024;
const MAX_PACKED = 32 * 1024 * 1024;

/** APPNOTE 5.8.8: a version, the size of the properties, and these; then the stream. */
function* unpackZipLzma(input: ByteInput, { size }: ZipEntry): Generator<Buffer, void> {
  const head = input.take(9);
  if (head.length < 9 || head.readUInt16LE(2) !== 5) throw new Unreadable("corrupt");
  if (size > MAX_LZMA) throw new Unreadable("partial");
  const packed = input.take(MAX_PACKED);
  if (input.peek(1).length > 0) throw new Unreadable("partial");
  const { bytes, whole } = unpackLzma(packed, head.subarray(4), size);
  if (!whole) throw new Unreadable("corrupt");
  yield bytes;
}

import { crc32 } from "node:zlib";
import type { ByteInput } from "./byte-input.ts";
import { inflate } from "./inflate-stream.ts";
import { Unreadable } from "./unreadable.ts";

const HAS_CHECKSUM = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
/** Of a name or a comment. */
const MAX_TEXT = 4096;

/**
 * Unpacks gzip (RFC 1952) piece by piece. Several members in a row are one file; behind them may be zeros. Throws `Unreadable` where it is
 * broken or cut off, and where something else follows: some readers pass over that, others do not.
 *
 * @param names gets the names that the members bear
 */
export function* gunzip(input: ByteInput, names: string[]): Generator<Buffer, void> {
  for (let isFirst = true; ; isFirst = false) {
    const head = input.peek(10);
    if (head.length < 10 || head[0] !== 0x1f || head[1] !== 0x8b) {
      if (isFirst || !input.isPadding()) throw new Unreadable("corrupt");
      return;
    }
    if (head[2] !== 8) throw new Unreadable("unknown-format");
    const name = readHeader(input);
    if (name !== "") names.push(name);
    let checksum = 0;
    let length = 0;
    for (const piece of inflate(input)) {
      checksum = crc32(piece, checksum);
      length += piece.length;
      yield piece;
    }
    const end = input.take(8);
    const isWhole =
      end.length === 8 && end.readUInt32LE(0) === checksum && end.readUInt32LE(4) === length >>> 0;
    if (!isWhole) throw new Unreadable("corrupt");
  }
}

/** §2.3: extra field, name, comment and checksum, as the flags say. The name. */
function readHeader(input: ByteInput): string {
  const flags = input.take(10)[3] ?? 0;
  if ((flags & HAS_EXTRA) !== 0) {
    const length = input.take(2);
    if (length.length < 2 || !input.skip(length.readUInt16LE(0))) throw new Unreadable("corrupt");
  }
  const name = (flags & HAS_NAME) === 0 ? "" : readText(input);
  if ((flags & HAS_COMMENT) !== 0) readText(input);
  if ((flags & HAS_CHECKSUM) !== 0) input.skip(2);
  return name;
}

function readText(input: ByteInput): string {
  const bytes = input.peek(MAX_TEXT);
  const end = bytes.indexOf(0);
  if (end < 0) throw new Unreadable("corrupt");
  return input.take(end + 1).toString("latin1", 0, end);
}

import { crc32 } from "node:zlib";
import { EICAR } from "../content/eicar.ts";
import { nextTurn } from "./next-turn.ts";
import type { ScanSource } from "./scan-engine.ts";

/** The checksum is reckoned over so much at a time, so that others have their turn. */
const PIECE_BYTES = 4 * 1024 * 1024;
const ZEROS = "zeros.bin";
const TEST_FILE = "eicar.com";
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const OVERHEAD =
  2 * (LOCAL_BYTES + CENTRAL_BYTES) +
  2 * (ZEROS.length + TEST_FILE.length) +
  EICAR.length +
  END_BYTES;

/** Shorter is none of these archives. */
export const SMALLEST_BYTES: number = OVERHEAD + 1;
/** What fits into a zip without extensions, and more than clamd takes. */
export const LARGEST_BYTES: number = 2 ** 31 - 1;

/**
 * A zip of exactly so many bytes: zeros, and behind them, as the last member, the EICAR test file; neither is compressed. Takes no memory for
 * the zeros. Whoever looks at all of it finds EICAR.
 *
 * @param size from SMALLEST_BYTES to LARGEST_BYTES
 */
export async function largestFile(size: number): Promise<ScanSource> {
  const zeros = size - OVERHEAD;
  const first = member(ZEROS, await crcOfZeros(zeros), zeros, 0);
  const second = member(TEST_FILE, crc32(EICAR), EICAR.length, first.local.length + zeros);
  const tail = Buffer.concat([second.local, EICAR, first.central, second.central]);
  const end = Buffer.alloc(END_BYTES);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(2, 8);
  end.writeUInt16LE(2, 10);
  end.writeUInt32LE(first.central.length + second.central.length, 12);
  end.writeUInt32LE(first.local.length + zeros + second.local.length + EICAR.length, 16);
  return between(first.local, zeros, Buffer.concat([tail, end]));
}

/** Head, zeros, tail. */
function between(head: Buffer, zeros: number, tail: Buffer): ScanSource {
  const tailAt = head.length + zeros;
  const size = tailAt + tail.length;
  return {
    size,
    // sent as a name to ICAP servers; nobody compares it
    sha256: "0".repeat(64),
    read(buffer, position) {
      const length = Math.min(buffer.length, size - position);
      buffer.fill(0, 0, length);
      if (position < head.length) head.copy(buffer, 0, position);
      if (position + length > tailAt) {
        tail.copy(buffer, Math.max(0, tailAt - position), Math.max(0, position - tailAt));
      }
      return length;
    },
  };
}

/** Both headers of a stored member (APPNOTE 4.3.7, 4.3.12). */
function member(
  name: string,
  crc: number,
  size: number,
  offset: number,
): { readonly local: Buffer; readonly central: Buffer } {
  // version, flags, method "stored", time and date, checksum, both sizes, lengths of name and extra field
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc, 10);
  common.writeUInt32LE(size, 14);
  common.writeUInt32LE(size, 18);
  common.writeUInt16LE(name.length, 22);
  const more = Buffer.alloc(14);
  more.writeUInt32LE(offset, 10);
  const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name)]);
  const mark = Buffer.from("PK\x01\x02\x14\0", "latin1");
  return { local, central: Buffer.concat([mark, common, more, Buffer.from(name)]) };
}

async function crcOfZeros(count: number): Promise<number> {
  const piece = Buffer.alloc(Math.min(count, PIECE_BYTES));
  let crc = 0;
  for (let left = count; left > 0; left -= piece.length) {
    crc = crc32(left < piece.length ? piece.subarray(0, left) : piece, crc);
    await nextTurn();
  }
  return crc;
}

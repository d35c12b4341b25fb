import { randomBytes } from "node:crypto";

/**
 * A zip archive with one stored, encrypted entry (APPNOTE.TXT 4.3, 4.4; traditional encryption 6.1). This encryption protects
 * nothing from an attacker; it keeps mail gateways and virus scanners from eating the evidence and hands from opening it by
 * accident, and every unpacker reads it. No zip64: an entry has less than 4 GiB.
 */
export interface ZipEntry {
  /** At most 65535 bytes of UTF-8; without a path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly crc32: number;
  /** Milliseconds since 1970; the archive has it in UTC, to two seconds. */
  readonly modifiedAt: number;
}

/** A file of more bytes cannot be an entry. */
export const MAX_ENTRY_BYTES: number = 0xffffffff - 1024;

const VERSION = 20;
const MADE_ON_UNIX = 3 << 8;
/** Bit 0: encrypted; bit 11: the name is UTF-8. */
const FLAGS = 0x0801;
const ENCRYPTION_HEADER_BYTES = 12;
const PRIVATE_FILE = 0o100600 << 16;

/** The archive in pieces; `content` must have exactly the size and CRC-32 that the entry names. */
export async function* encryptedZip(
  entry: ZipEntry,
  password: string,
  content: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const name = Buffer.from(entry.name);
  const fields = commonFields(entry, name.length);
  const cipher = new ZipCipher(Buffer.from(password));
  const salt = randomBytes(ENCRYPTION_HEADER_BYTES);
  // By this byte an unpacker knows whether the password is right.
  salt.writeUInt8(entry.crc32 >>> 24, ENCRYPTION_HEADER_BYTES - 1);
  const start = Buffer.concat([signature(0x04034b50), fields, name, cipher.encrypt(salt)]);
  yield start;
  for await (const piece of content) yield cipher.encrypt(piece);

  const directoryAt = start.length + entry.size;
  const directory = centralRecord(fields, name);
  yield Buffer.concat([directory, endRecord(directory.length, directoryAt)]);
}

/** What the local header and the directory have in common: from "version needed" to "extra field length" (26 bytes). */
function commonFields(entry: ZipEntry, nameLength: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(FLAGS, 2);
  const { time, date } = dosTime(entry.modifiedAt);
  fields.writeUInt16LE(time, 6);
  fields.writeUInt16LE(date, 8);
  fields.writeUInt32LE(entry.crc32, 10);
  fields.writeUInt32LE(entry.size + ENCRYPTION_HEADER_BYTES, 14);
  fields.writeUInt32LE(entry.size, 18);
  fields.writeUInt16LE(nameLength, 22);
  return fields;
}

function centralRecord(fields: Buffer, name: Buffer): Buffer {
  const madeBy = Buffer.alloc(2);
  madeBy.writeUInt16LE(VERSION | MADE_ON_UNIX);
  // Comment length, disk, internal attributes (2 each), external attributes, offset of the local header (4 each).
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(PRIVATE_FILE >>> 0, 6);
  return Buffer.concat([signature(0x02014b50), madeBy, fields, rest, name]);
}

function endRecord(directoryBytes: number, directoryAt: number): Buffer {
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(directoryBytes, 8);
  end.writeUInt32LE(directoryAt, 12);
  return Buffer.concat([signature(0x06054b50), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** MS-DOS date and time; they begin in 1980. */
function dosTime(at: number): { readonly time: number; readonly date: number } {
  const moment = new Date(Math.max(at, Date.UTC(1980, 0, 1)));
  const seconds = moment.getUTCSeconds() >> 1;
  const time = (moment.getUTCHours() << 11) | (moment.getUTCMinutes() << 5) | seconds;
  const year = Math.min(127, moment.getUTCFullYear() - 1980);
  const date = (year << 9) | ((moment.getUTCMonth() + 1) << 5) | moment.getUTCDate();
  return { time, date };
}

const CRC_TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) {
    value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

/** The traditional cipher of zip: three 32-bit keys, moved on by every byte. */
class ZipCipher {
  #key0 = 0x12345678;
  #key1 = 0x23456789;
  #key2 = 0x34567890;

  constructor(password: Buffer) {
    this.encrypt(password);
  }

  encrypt(plain: Buffer): Buffer {
    const sealed = Buffer.allocUnsafe(plain.length);
    let [key0, key1, key2] = [this.#key0, this.#key1, this.#key2];
    for (let index = 0; index < plain.length; index += 1) {
      const byte = plain[index] ?? 0;
      const mixed = key2 | 2;
      sealed[index] = byte ^ (Math.imul(mixed & 0xffff, (mixed ^ 1) & 0xffff) >>> 8);
      key0 = (key0 >>> 8) ^ (CRC_TABLE[(key0 ^ byte) & 0xff] ?? 0);
      key1 = (Math.imul((key1 + (key0 & 0xff)) | 0, 134_775_813) + 1) | 0;
      key2 = (key2 >>> 8) ^ (CRC_TABLE[(key2 ^ (key1 >>> 24)) & 0xff] ?? 0);
    }
    [this.#key0, this.#key1, this.#key2] = [key0, key1, key2];
    return sealed;
  }
}

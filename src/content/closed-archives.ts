import type { ByteView } from "./byte-view.ts";

/**
 * Whether an archive that is not opened here says of itself that it is encrypted: its list of members or their content. Undefined:
 * it does not say, or not where it is looked for.
 */
export function isEncryptedArchive(file: ByteView): boolean | undefined {
  const head = file.read(0, 32);
  if (head.toString("latin1", 0, 6) === "7z\xbc\xaf\x27\x1c") return isEncrypted7z(file, head);
  if (head.toString("latin1", 0, 8) === "Rar!\x1a\x07\x01\0") return isEncryptedRar5(file);
  if (head.toString("latin1", 0, 7) === "Rar!\x1a\x07\0") return isEncryptedRar4(file);
  return undefined;
}

/** 7zAES in the list of coders (7zFormat.txt: 06F10701), of the members or of the header itself. */
const AES_CODER = Buffer.from([0x06, 0xf1, 0x07, 0x01]);
const MAX_7Z_HEADER = 1024 * 1024;

function isEncrypted7z(file: ByteView, head: Buffer): boolean | undefined {
  if (head.length < 32) return undefined;
  const offset = 32 + Number(head.readBigUInt64LE(12));
  const size = Number(head.readBigUInt64LE(20));
  const header = file.read(offset, Math.min(size, MAX_7Z_HEADER));
  if (header.includes(AES_CODER)) return true;
  // A packed header (0x17) hides the coders of the members.
  return header[0] === 0x01 ? false : undefined;
}

/** Headers that are looked at, one after the other, before the first that says it. */
const MAX_RAR_HEADERS = 200;

/** RAR 1.5 to 4: flag 0x0080 of the archive's header, 0x0004 of a file's. */
function isEncryptedRar4(file: ByteView): boolean | undefined {
  let at = 7;
  for (let i = 0; i < MAX_RAR_HEADERS; i++) {
    const header = file.read(at, 11);
    if (header.length < 7) return i === 0 ? undefined : false;
    const type = header[2];
    const flags = header.readUInt16LE(3);
    if (type === 0x73 && (flags & 0x80) !== 0) return true;
    if (type === 0x74 && (flags & 0x04) !== 0) return true;
    if (type === 0x7b) return false;
    const hasData = (flags & 0x8000) !== 0 && header.length === 11;
    const length = header.readUInt16LE(5) + (hasData ? header.readUInt32LE(7) : 0);
    if (length < 7) return undefined;
    at += length;
  }
  return undefined;
}

/** RAR 5: a header of type 4 encrypts the list, an extra record of type 1 of a file's header its content. */
function isEncryptedRar5(file: ByteView): boolean | undefined {
  let at = 8;
  for (let i = 0; i < MAX_RAR_HEADERS; i++) {
    const block = file.read(at, 4096);
    const reader = { at: 4, block };
    const size = variable(reader);
    const bodyStart = reader.at;
    const type = variable(reader);
    const flags = variable(reader);
    if (size === undefined || type === undefined || flags === undefined || size < 1)
      return i === 0 ? undefined : false;
    const extraSize = (flags & 1) === 0 ? 0 : (variable(reader) ?? 0);
    const dataSize = (flags & 2) === 0 ? 0 : (variable(reader) ?? 0);
    if (type === 4) return true;
    if (type === 5) return false;
    const end = bodyStart + size;
    if (type === 2 && hasRecord(block.subarray(Math.max(0, end - extraSize), end), 1)) return true;
    at += end + dataSize;
  }
  return undefined;
}

interface Reader {
  at: number;
  readonly block: Buffer;
}

/** Seven bits in each byte, the lowest first; the highest bit says that one follows. */
function variable(reader: Reader): number | undefined {
  let value = 0;
  for (let shift = 1; shift <= 2 ** 42; shift *= 128) {
    const byte = reader.block[reader.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * shift;
    if (byte < 0x80) return value;
  }
  return undefined;
}

function hasRecord(extra: Buffer, wanted: number): boolean {
  const reader = { at: 0, block: extra };
  for (let i = 0; i < 64 && reader.at < extra.length; i++) {
    const size = variable(reader);
    const start = reader.at;
    const type = variable(reader);
    if (size === undefined || type === undefined) return false;
    if (type === wanted) return true;
    reader.at = start + size;
  }
  return false;
}

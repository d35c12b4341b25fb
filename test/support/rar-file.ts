import { crc32 } from "node:zlib";

/** A file of a RAR archive that a test makes. */
export interface RarMember {
  readonly name: string;
  readonly data: Buffer | string;
  /** Bytes that stand for packed data: nobody unpacks them. */
  readonly packed?: boolean;
  readonly encrypted?: boolean;
  readonly folder?: boolean;
  /** Its rest lies in another volume. */
  readonly split?: boolean;
  /** The size that it declares. */
  readonly size?: number;
}

export interface RarOptions {
  readonly headersEncrypted?: boolean;
  readonly volume?: boolean;
  /** Without the block that ends it. */
  readonly endless?: boolean;
}

/** A RAR archive of format 4 (technote.txt of RAR 4). */
export function rar4File(members: readonly RarMember[], options: RarOptions = {}): Buffer {
  const flags = (options.headersEncrypted ? 0x80 : 0) | (options.volume ? 0x01 : 0);
  return Buffer.concat([
    Buffer.from("Rar!\x1a\x07\0", "latin1"),
    block4(0x73, flags, Buffer.alloc(6), Buffer.alloc(0)),
    ...members.map(file4),
    ...(options.endless ? [] : [block4(0x7b, 0x4000, Buffer.alloc(0), Buffer.alloc(0))]),
  ]);
}

function block4(type: number, flags: number, fields: Buffer, data: Buffer): Buffer {
  const header = Buffer.alloc(7);
  header[2] = type;
  header.writeUInt16LE(flags, 3);
  header.writeUInt16LE(7 + fields.length, 5);
  const whole = Buffer.concat([header, fields]);
  whole.writeUInt16LE(crc32(whole.subarray(2)) & 0xffff, 0);
  return Buffer.concat([whole, data]);
}

function file4(member: RarMember): Buffer {
  const data = Buffer.from(member.data);
  const isPlain = /^[\x20-\x7e]*$/.test(member.name);
  // behind the zero: every letter as it is, with the page above where it is not ASCII
  const name = isPlain ? Buffer.from(member.name) : wideName(member.name);
  const fields = Buffer.alloc(25 + name.length);
  fields.writeUInt32LE(data.length, 0);
  fields.writeUInt32LE(member.size ?? data.length, 4);
  fields[8] = 2;
  fields.writeUInt32LE(crc32(data), 9);
  fields[17] = 29;
  fields[18] = member.packed ? 0x33 : 0x30;
  fields.writeUInt16LE(name.length, 19);
  fields.writeUInt32LE(0x20, 21);
  name.copy(fields, 25);
  const flags =
    0x8000 |
    (isPlain ? 0 : 0x200) |
    (member.encrypted ? 0x04 : 0) |
    (member.split ? 0x02 : 0) |
    (member.folder ? 0xe0 : 0);
  return block4(0x74, flags, fields, data);
}

/** The plain name, a zero, and each letter in two bytes. */
function wideName(name: string): Buffer {
  const encoded: number[] = [0];
  for (let at = 0; at < name.length; at += 4) {
    encoded.push(0b1010_1010);
    for (const letter of name.slice(at, at + 4)) {
      encoded.push(letter.charCodeAt(0) & 0xff, letter.charCodeAt(0) >> 8);
    }
  }
  return Buffer.concat([
    Buffer.from(name.replaceAll(/[^\x20-\x7e]/g, "_")),
    Buffer.from([0]),
    Buffer.from(encoded),
  ]);
}

/** A RAR archive of format 5 (technote.txt of RAR 5). */
export function rar5File(members: readonly RarMember[], options: RarOptions = {}): Buffer {
  const sealed = options.headersEncrypted === true;
  return Buffer.concat([
    Buffer.from("Rar!\x1a\x07\x01\0", "latin1"),
    ...(sealed ? [block5([4, 0, 0, 0, 15, ...Buffer.alloc(16)])] : []),
    block5([1, 0, options.volume ? 1 : 0]),
    ...members.map(file5),
    ...(options.endless ? [] : [block5([5, 0, 0])]),
  ]);
}

function block5(header: readonly number[], data: Buffer = Buffer.alloc(0)): Buffer {
  const counted = Buffer.from([...variable(header.length), ...header]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(counted));
  return Buffer.concat([sum, counted, data]);
}

function file5(member: RarMember): Buffer {
  const data = Buffer.from(member.data);
  const name = Buffer.from(member.name);
  const extra = member.encrypted ? [0x31, 1, 0, 0, 15, ...Buffer.alloc(45)] : [];
  return block5(
    [
      2,
      2 | (extra.length > 0 ? 1 : 0) | (member.split ? 0x10 : 0),
      ...(extra.length > 0 ? variable(extra.length) : []),
      ...variable(data.length),
      member.folder ? 1 : 0,
      ...variable(member.size ?? data.length),
      0x20,
      ...variable(member.packed ? 3 << 7 : 0),
      1,
      ...variable(name.length),
      ...name,
      ...extra,
    ],
    data,
  );
}

function variable(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

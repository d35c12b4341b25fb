/** A stream of a compound file that a test makes; without data it is a storage. */
export interface OlePart {
  readonly name: string;
  readonly data?: Buffer;
}

const SECTOR = 512;
const END = 0xffff_fffe;
const FREE = 0xffff_ffff;

/**
 * A compound file ([MS-CFB], version 3) with these parts, all directly below the root. Streams are padded to the size from which they
 * lie in sectors of their own, so that there is no second table.
 *
 * @param classId hex of the root's class, 16 bytes
 */
export function oleFile(parts: readonly OlePart[], classId: string = "00".repeat(16)): Buffer {
  const directorySectors = Math.ceil((parts.length + 1) / 4);
  const table: number[] = [0xffff_fffd];
  const chain = (count: number): number => {
    const first = table.length;
    for (let i = 0; i < count; i++) table.push(i === count - 1 ? END : table.length + 1);
    return first;
  };
  const directoryStart = chain(directorySectors);
  const streams = parts.map(({ data }) => {
    if (data === undefined) return { start: 0, bytes: Buffer.alloc(0), size: 0 };
    const size = Math.max(4096, data.length);
    const bytes = Buffer.alloc(Math.ceil(size / SECTOR) * SECTOR);
    data.copy(bytes);
    return { start: chain(bytes.length / SECTOR), bytes, size };
  });
  const directory = Buffer.alloc(directorySectors * SECTOR);
  writeEntry(directory, 0, { name: "Root Entry", kind: 5, start: END, size: 0, classId });
  parts.forEach(({ name, data }, index) => {
    const { start, size } = streams[index] ?? { start: 0, size: 0 };
    writeEntry(directory, index + 1, {
      name,
      kind: data === undefined ? 1 : 2,
      start,
      size,
      classId: "",
    });
  });
  const fat = Buffer.alloc(SECTOR, 0xff);
  if (table.length > SECTOR / 4) throw new RangeError("more than one sector of table");
  table.forEach((next, index) => fat.writeUInt32LE(next, index * 4));
  return Buffer.concat([
    header(directoryStart),
    fat,
    directory,
    ...streams.map((one) => one.bytes),
  ]);
}

interface Entry {
  readonly name: string;
  readonly kind: number;
  readonly start: number;
  readonly size: number;
  readonly classId: string;
}

function writeEntry(directory: Buffer, index: number, entry: Entry): void {
  const at = index * 128;
  directory.write(entry.name, at, "utf16le");
  directory.writeUInt16LE(entry.name.length * 2 + 2, at + 64);
  directory[at + 66] = entry.kind;
  directory.write(entry.classId, at + 80, "hex");
  directory.writeUInt32LE(entry.start >>> 0, at + 116);
  directory.writeUInt32LE(entry.size, at + 120);
}

function header(directoryStart: number): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write("d0cf11e0a1b11ae1", "hex");
  bytes.writeUInt16LE(0x3e, 24);
  bytes.writeUInt16LE(3, 26);
  bytes.writeUInt16LE(0xfffe, 28);
  bytes.writeUInt16LE(9, 30);
  bytes.writeUInt16LE(6, 32);
  bytes.writeUInt32LE(1, 44);
  bytes.writeUInt32LE(directoryStart, 48);
  bytes.writeUInt32LE(4096, 56);
  bytes.writeUInt32LE(END, 60);
  bytes.writeUInt32LE(END, 68);
  bytes.fill(0xff, 76);
  bytes.writeUInt32LE(0, 76);
  if (FREE !== bytes.readUInt32LE(80)) throw new RangeError("table");
  return bytes;
}

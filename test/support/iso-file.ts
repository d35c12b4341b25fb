/** A file of a disk image that a test makes, in its root folder or in `folder`. */
export interface IsoMember {
  /** As ISO 9660 has it: A.TXT. */
  readonly name: string;
  readonly data: Buffer | string;
  /** Its name in the volume of Joliet. */
  readonly wide?: string;
  /** Its name by Rock Ridge. */
  readonly rock?: string;
}

export interface IsoOptions {
  /** A folder of this name with these files below the root. */
  readonly folder?: { readonly name: string; readonly members: readonly IsoMember[] };
  /** A volume of Joliet beside the first one. */
  readonly joliet?: boolean;
  /** Marks of UDF behind the descriptors. */
  readonly udf?: boolean;
}

const SECTOR = 2048;
const FIRST = 16;

/** A disk image of ISO 9660 with one or two volumes, one sector for each folder. */
export function isoFile(members: readonly IsoMember[], options: IsoOptions = {}): Buffer {
  const volumes = options.joliet ? [false, true] : [false];
  const inFolder = options.folder?.members ?? [];
  const marks = options.udf ? ["BEA01", "NSR02", "TEA01"] : [];
  let next = FIRST + volumes.length + 1 + marks.length;
  const take = (bytes: number): number => {
    const place = next;
    next += Math.max(1, Math.ceil(bytes / SECTOR));
    return place;
  };
  const roots = volumes.map(() => take(SECTOR));
  const folders = volumes.map(() => take(SECTOR));
  const places = [...members, ...inFolder].map(({ data }) => take(Buffer.from(data).length));
  const image = Buffer.alloc(next * SECTOR);
  volumes.forEach((isWide, i) => {
    const root = roots[i] ?? 0;
    const folder = folders[i] ?? 0;
    writeDescriptor(image, FIRST + i, root, isWide);
    const entries = members.map((member, n) => fileRecord(member, places[n] ?? 0, isWide));
    if (options.folder !== undefined)
      entries.push(record(nameBytes(options.folder.name, isWide), folder, SECTOR, 2));
    writeFolder(image, root, root, entries);
    const inner = inFolder.map((member, n) =>
      fileRecord(member, places[members.length + n] ?? 0, isWide),
    );
    writeFolder(image, folder, root, inner);
  });
  image.write("\xffCD001\x01", (FIRST + volumes.length) * SECTOR, "latin1");
  marks.forEach((mark, i) =>
    image.write(`\0${mark}\x01`, (FIRST + volumes.length + 1 + i) * SECTOR, "latin1"),
  );
  [...members, ...inFolder].forEach(({ data }, i) =>
    Buffer.from(data).copy(image, (places[i] ?? 0) * SECTOR),
  );
  return image;
}

function writeDescriptor(image: Buffer, sector: number, root: number, isWide: boolean): void {
  const at = sector * SECTOR;
  image.write(`${isWide ? "\x02" : "\x01"}CD001\x01`, at, "latin1");
  if (isWide) image.write("%/E", at + 88, "latin1");
  writeBoth(image, at + 80, image.length / SECTOR);
  image.writeUInt16LE(SECTOR, at + 128);
  image.writeUInt16BE(SECTOR, at + 130);
  record(Buffer.from([0]), root, SECTOR, 2).copy(image, at + 156);
  image[at + 881] = 1;
}

function writeFolder(
  image: Buffer,
  sector: number,
  parent: number,
  entries: readonly Buffer[],
): void {
  const own = [
    record(Buffer.from([0]), sector, SECTOR, 2),
    record(Buffer.from([1]), parent, SECTOR, 2),
  ];
  Buffer.concat([...own, ...entries]).copy(image, sector * SECTOR);
}

function nameBytes(name: string, isWide: boolean): Buffer {
  return isWide ? Buffer.from(name, "utf16le").swap16() : Buffer.from(name, "latin1");
}

function fileRecord(member: IsoMember, block: number, isWide: boolean): Buffer {
  const name = isWide ? (member.wide ?? member.name) : member.name;
  const rock = isWide || member.rock === undefined ? Buffer.alloc(0) : rockName(member.rock);
  return record(nameBytes(`${name};1`, isWide), block, Buffer.from(member.data).length, 0, rock);
}

function rockName(name: string): Buffer {
  const text = Buffer.from(name);
  return Buffer.concat([Buffer.from([0x4e, 0x4d, 5 + text.length, 1, 0]), text]);
}

// oxlint-disable-next-line max-params -- the fields of one record
function record(
  name: Buffer,
  block: number,
  size: number,
  flags: number,
  extra: Buffer = Buffer.alloc(0),
): Buffer {
  const fixed = 33 + name.length + ((name.length + 1) % 2);
  const length = fixed + extra.length + (extra.length % 2);
  const bytes = Buffer.alloc(length);
  bytes[0] = length;
  writeBoth(bytes, 2, block);
  writeBoth(bytes, 10, size);
  bytes[25] = flags;
  bytes[28] = 1;
  bytes[31] = 1;
  bytes[32] = name.length;
  name.copy(bytes, 33);
  extra.copy(bytes, fixed);
  return bytes;
}

/** A number in both orders of bytes. */
function writeBoth(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}

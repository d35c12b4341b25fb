/**
 * The header of a 7z archive (7zFormat.txt of the LZMA SDK), as values: how members are packed into folders, and their names. What
 * does not fit into the bytes that there are is broken, so that no count costs more than the header is long.
 */
import { BrokenHeader, filled, SevenZipFields } from "./seven-zip-fields.ts";

/** A method with its properties; methods are numbers of up to eight bytes, here in hex. */
export interface SevenZipCoder {
  readonly method: string;
  readonly properties: Buffer;
  readonly streams: number;
}

/** Streams that are packed together. */
export interface SevenZipFolder {
  readonly coders: readonly SevenZipCoder[];
  /** How many packed streams it takes. */
  readonly packedStreams: number;
  /** Bytes, of what each coder gives. */
  readonly sizes: readonly number[];
  /** CRC-32 of what it unpacks to. */
  readonly checksum: number | undefined;
  /** Of the members in it, in their order. */
  readonly memberSizes: readonly number[];
}

export interface SevenZipStreams {
  /** Behind the first 32 bytes. */
  readonly packedAt: number;
  readonly packedSizes: readonly number[];
  readonly folders: readonly SevenZipFolder[];
}

export interface SevenZipFiles {
  readonly names: readonly string[];
  /** Has bytes of its own; without: an empty file, or a folder. */
  readonly hasStream: readonly boolean[];
  readonly isFolder: readonly boolean[];
}

export interface SevenZipHeader {
  readonly streams: SevenZipStreams;
  /** Undefined: the header is packed, and `streams` say how. */
  readonly files: SevenZipFiles | undefined;
}

/** Many times what is looked at. */
const MAX_FILES = 100_000;

/** Undefined: it is broken. */
export function readSevenZipHeader(bytes: Buffer): SevenZipHeader | undefined {
  try {
    const reader = new SevenZipFields(bytes);
    const id = reader.byte();
    if (id === 0x17) return { streams: readStreams(reader), files: undefined };
    if (id !== 0x01) return undefined;
    return readHeader(reader);
  } catch (error) {
    if (error instanceof BrokenHeader) return undefined;
    throw error;
  }
}

function readHeader(reader: SevenZipFields): SevenZipHeader {
  let streams: SevenZipStreams = { packedAt: 0, packedSizes: [], folders: [] };
  for (;;) {
    const id = reader.byte();
    if (id === 0x00) {
      return { streams, files: { names: [], hasStream: [], isFolder: [] } };
    }
    if (id === 0x02) skipProperties(reader);
    else if (id === 0x03) readStreams(reader);
    else if (id === 0x04) streams = readStreams(reader);
    else if (id === 0x05) return { streams, files: readFiles(reader) };
    else throw new BrokenHeader();
  }
}

function skipProperties(reader: SevenZipFields): void {
  while (reader.byte() !== 0) reader.take(reader.count());
}

function readStreams(reader: SevenZipFields): SevenZipStreams {
  let packedAt = 0;
  let packedSizes: readonly number[] = [];
  let folders: readonly SevenZipFolder[] = [];
  for (;;) {
    const id = reader.byte();
    if (id === 0x00) return { packedAt, packedSizes, folders };
    if (id === 0x06) ({ packedAt, packedSizes } = readPackInfo(reader));
    else if (id === 0x07) folders = readFolders(reader);
    else if (id === 0x08) folders = readSubStreams(reader, folders);
    else throw new BrokenHeader();
  }
}

function readPackInfo(reader: SevenZipFields): {
  packedAt: number;
  packedSizes: readonly number[];
} {
  const packedAt = reader.number();
  const count = reader.count();
  let packedSizes: number[] = [];
  for (;;) {
    const id = reader.byte();
    if (id === 0x00) return { packedAt, packedSizes };
    if (id === 0x09) packedSizes = Array.from({ length: count }, () => reader.number());
    else if (id === 0x0a) reader.checksums(count);
    else throw new BrokenHeader();
  }
}

function readFolders(reader: SevenZipFields): readonly SevenZipFolder[] {
  if (reader.byte() !== 0x0b) throw new BrokenHeader();
  const count = reader.count();
  if (count > MAX_FILES) throw new BrokenHeader();
  // elsewhere in the archive: written by nobody
  if (reader.byte() !== 0) throw new BrokenHeader();
  const shapes = Array.from({ length: count }, () => readFolder(reader));
  if (reader.byte() !== 0x0c) throw new BrokenHeader();
  const folders = shapes.map(({ coders, packedStreams, outputs }): SevenZipFolder => {
    const sizes = Array.from({ length: outputs }, () => reader.number());
    return { coders, packedStreams, sizes, checksum: undefined, memberSizes: [sizes.at(-1) ?? 0] };
  });
  let checksums: readonly (number | undefined)[] = [];
  for (;;) {
    const id = reader.byte();
    if (id === 0x00) {
      return folders.map((folder, index) => ({ ...folder, checksum: checksums[index] }));
    }
    if (id !== 0x0a) throw new BrokenHeader();
    checksums = reader.checksums(count);
  }
}

interface FolderShape {
  readonly coders: readonly SevenZipCoder[];
  readonly packedStreams: number;
  readonly outputs: number;
}

const MAX_CODERS = 32;

function readFolder(reader: SevenZipFields): FolderShape {
  const count = reader.count();
  if (count === 0 || count > MAX_CODERS) throw new BrokenHeader();
  const coders: SevenZipCoder[] = [];
  let inputs = 0;
  let outputs = 0;
  for (let i = 0; i < count; i += 1) {
    const flags = reader.byte();
    if ((flags & 0xc0) !== 0) throw new BrokenHeader();
    const method = reader.take(flags & 0x0f).toString("hex");
    const isComplex = (flags & 0x10) !== 0;
    const ins = isComplex ? reader.count() : 1;
    const outs = isComplex ? reader.count() : 1;
    if (ins > MAX_CODERS || outs > MAX_CODERS) throw new BrokenHeader();
    const properties = (flags & 0x20) === 0 ? Buffer.alloc(0) : reader.take(reader.count());
    inputs += ins;
    outputs += outs;
    coders.push({ method, properties, streams: ins + outs });
  }
  const bonds = outputs - 1;
  for (let i = 0; i < 2 * bonds; i += 1) reader.number();
  const packedStreams = inputs - bonds;
  if (packedStreams < 1) throw new BrokenHeader();
  if (packedStreams > 1) for (let i = 0; i < packedStreams; i += 1) reader.number();
  return { coders, packedStreams, outputs };
}

function readSubStreams(
  reader: SevenZipFields,
  folders: readonly SevenZipFolder[],
): readonly SevenZipFolder[] {
  let counts = filled(folders.length, 1);
  let id = reader.byte();
  if (id === 0x0d) {
    counts = folders.map(() => reader.number());
    // each but the last of a folder has its size here
    if (counts.reduce((sum, count) => sum + count, 0) > MAX_FILES) throw new BrokenHeader();
    id = reader.byte();
  }
  const hasSizes = id === 0x09;
  const found = folders.map((folder, index): SevenZipFolder => {
    const count = counts[index] ?? 0;
    if (count > 1 && !hasSizes) throw new BrokenHeader();
    const sizes = Array.from({ length: Math.max(0, count - 1) }, () => reader.number());
    const rest = (folder.sizes.at(-1) ?? 0) - sizes.reduce((sum, size) => sum + size, 0);
    if (rest < 0) throw new BrokenHeader();
    return { ...folder, memberSizes: count === 0 ? [] : [...sizes, rest] };
  });
  if (hasSizes) id = reader.byte();
  while (id !== 0x00) {
    if (id !== 0x0a) throw new BrokenHeader();
    // of one that is all of its folder it stands there
    const unknown = counts.map((count, index) =>
      count === 1 && folders[index]?.checksum !== undefined ? 0 : count,
    );
    reader.checksums(unknown.reduce((sum, count) => sum + count, 0));
    id = reader.byte();
  }
  return found;
}

function readFiles(reader: SevenZipFields): SevenZipFiles {
  const count = reader.count();
  if (count > MAX_FILES) throw new BrokenHeader();
  let names: readonly string[] = filled(count, "");
  let empty = filled(count, false);
  let emptyFile: boolean[] = [];
  for (;;) {
    const id = reader.byte();
    if (id === 0x00) break;
    const property = new SevenZipFields(reader.take(reader.count()));
    if (id === 0x0e) empty = property.bits(count);
    else if (id === 0x0f) emptyFile = property.bits(empty.filter(Boolean).length);
    else if (id === 0x11) names = readNames(property, count);
  }
  let at = 0;
  const isFolder = empty.map((isEmpty) => isEmpty && emptyFile[at++] !== true);
  return { names, hasStream: empty.map((isEmpty) => !isEmpty), isFolder };
}

/** UTF-16, each ended by a zero. */
function readNames(reader: SevenZipFields, count: number): readonly string[] {
  if (reader.byte() !== 0) throw new BrokenHeader();
  const text = reader.bytes.subarray(1).toString("utf16le");
  const names = text.split("\0", count + 1);
  if (names.length <= count) throw new BrokenHeader();
  return names.slice(0, count);
}

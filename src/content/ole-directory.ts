import type { ByteView } from "./byte-view.ts";

/** One entry of the directory of a compound file. */
export interface OleEntry {
  readonly name: string;
  readonly kind: "storage" | "stream" | "root";
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** Hex. */
  readonly classId: string;
}

/** A compound file ([MS-CFB]): old Office documents, mails of Outlook, Windows installers, encrypted Office documents. */
export interface OleFile {
  readonly entries: readonly OleEntry[];
  /** The beginning of a stream, at most `limit` bytes; what of it can be read. */
  read(entry: OleEntry, limit: number): Buffer;
}

const SIGNATURE = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/** Values above are no sectors but marks: end of chain, free, table. */
const LAST_SECTOR = 0xffff_fffa;
const MAX_ENTRIES = 4096;
const MAX_TABLE_SECTORS = 1024;
const MAX_DIRECTORY_SECTORS = 1024;
/** The short streams of a file lie in so much: 32 MiB in sectors of 512 bytes. */
const MAX_NTH = 65_536;

/**
 * Reads the directory. Chains of sectors come from the file, so that each is followed for so many steps and no further: a
 * circle ends there. Undefined: no compound file, or none whose directory can be read.
 */
export function readOleFile(file: ByteView): OleFile | undefined {
  const header = file.read(0, 512);
  if (header.length < 512 || header.toString("latin1", 0, 8) !== SIGNATURE) return undefined;
  const shift = header.readUInt16LE(30);
  if (shift !== 9 && shift !== 12) return undefined;
  const sectors = new Sectors(file, header, 2 ** shift);
  const entries: OleEntry[] = [];
  for (const sector of sectors.chain(header.readUInt32LE(48), MAX_DIRECTORY_SECTORS)) {
    for (let at = 0; at + 128 <= sector.length && entries.length < MAX_ENTRIES; at += 128) {
      const entry = readEntry(sector.subarray(at, at + 128));
      if (entry !== undefined) entries.push(entry);
    }
    if (entries.length >= MAX_ENTRIES) break;
  }
  if (entries.length === 0) return undefined;
  const root = entries.find(({ kind }) => kind === "root");
  const cutoff = header.readUInt32LE(56);
  return {
    entries,
    read(entry, limit) {
      const length = Math.min(entry.size, limit);
      if (entry.size >= cutoff || root === undefined) return sectors.read(entry.start, length);
      return sectors.readShort(root.start, header.readUInt32LE(60), entry.start, length);
    },
  };
}

const KINDS = [undefined, "storage", "stream", undefined, undefined, "root"] as const;

function readEntry(bytes: Buffer): OleEntry | undefined {
  const kind = KINDS[bytes[66] ?? 0];
  if (kind === undefined) return undefined;
  const nameLength = Math.min(Math.max(bytes.readUInt16LE(64) - 2, 0), 62);
  return {
    name: bytes.toString("utf16le", 0, nameLength & ~1),
    kind,
    start: bytes.readUInt32LE(116),
    size: bytes.readUInt32LE(120),
    classId: bytes.toString("hex", 80, 96),
  };
}

class Sectors {
  readonly #file: ByteView;
  readonly #header: Buffer;
  readonly #size: number;
  readonly #tables = new Map<number, Buffer>();
  #extraTables: number[] | undefined;
  /** Of the two streams that hold the short ones: their sectors as far as known. */
  readonly #chains = new Map<number, number[]>();

  constructor(file: ByteView, header: Buffer, size: number) {
    this.#file = file;
    this.#header = header;
    this.#size = size;
  }

  #sector(index: number): Buffer {
    return this.#file.read((index + 1) * this.#size, this.#size);
  }

  /** The sectors from this one on, at most `limit`. */
  *chain(first: number, limit: number): Generator<Buffer> {
    let index = first;
    for (let i = 0; i < limit && index <= LAST_SECTOR; i++) {
      const sector = this.#sector(index);
      if (sector.length === 0) return;
      yield sector;
      index = this.#next(index);
    }
  }

  read(first: number, length: number): Buffer {
    const pieces: Buffer[] = [];
    let left = length;
    for (const sector of this.chain(first, Math.ceil(length / this.#size))) {
      pieces.push(sector.subarray(0, left));
      left -= sector.length;
    }
    return Buffer.concat(pieces);
  }

  /** Streams below the cutoff lie in pieces of 64 bytes in the stream of the root, with a table of their own. */
  readShort(rootStart: number, tableStart: number, first: number, length: number): Buffer {
    const pieces: Buffer[] = [];
    const steps = Math.ceil(length / 64);
    let index = first;
    for (let i = 0; i < steps && index <= LAST_SECTOR; i++) {
      const sector = this.#nth(rootStart, Math.floor((index * 64) / this.#size));
      const at = (index * 64) % this.#size;
      if (sector === undefined) break;
      pieces.push(sector.subarray(at, at + 64));
      const table = this.#nth(tableStart, Math.floor((index * 4) / this.#size));
      index = readNumber(table, (index * 4) % this.#size);
    }
    return Buffer.concat(pieces).subarray(0, length);
  }

  /** The sector so many places behind the first of a chain; a chain is walked once. */
  #nth(first: number, count: number): Buffer | undefined {
    if (count > MAX_NTH) return undefined;
    let chain = this.#chains.get(first);
    if (chain === undefined) this.#chains.set(first, (chain = [first]));
    for (let last = chain.at(-1) ?? first; chain.length <= count && last <= LAST_SECTOR;) {
      last = this.#next(last);
      chain.push(last);
    }
    const index = chain[count] ?? first;
    return chain.length > count && index <= LAST_SECTOR ? this.#sector(index) : undefined;
  }

  #next(index: number): number {
    const perTable = this.#size / 4;
    const number = Math.floor(index / perTable);
    let table = this.#tables.get(number);
    if (table === undefined) {
      const at = this.#tableSector(number);
      table = at === undefined ? Buffer.alloc(0) : this.#sector(at);
      this.#tables.set(number, table);
    }
    return readNumber(table, (index % perTable) * 4);
  }

  /** The header names the first 109 sectors of the table, further ones a chain of lists. */
  #tableSector(number: number): number | undefined {
    if (number < 109) return validSector(this.#header.readUInt32LE(76 + number * 4));
    this.#extraTables ??= this.#readExtraTables();
    return this.#extraTables[number - 109];
  }

  #readExtraTables(): number[] {
    const found: number[] = [];
    const perList = this.#size / 4 - 1;
    let index = this.#header.readUInt32LE(68);
    while (index <= LAST_SECTOR && found.length < MAX_TABLE_SECTORS) {
      const list = this.#sector(index);
      if (list.length < this.#size) break;
      for (let i = 0; i < perList; i++) found.push(list.readUInt32LE(i * 4));
      index = list.readUInt32LE(perList * 4);
    }
    return found;
  }
}

function validSector(index: number): number | undefined {
  return index <= LAST_SECTOR ? index : undefined;
}

/** What cannot be read ends a chain. */
function readNumber(table: Buffer | undefined, at: number): number {
  return table === undefined || table.length < at + 4 ? 0xffff_fffe : table.readUInt32LE(at);
}

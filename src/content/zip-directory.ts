import type { ByteView } from "./byte-view.ts";
import type { LookBudget } from "./look-budget.ts";
import { gapsBetween, LOCAL_HEADER as LOCAL, type ZipRange } from "./zip-gaps.ts";

/** One entry of a zip's central directory (APPNOTE 4.3.12). */
export interface ZipEntry {
  /** As stored; UTF-8 where it is valid, else latin1. Several where its headers give it several. */
  readonly names: readonly string[];
  readonly method: number;
  readonly encrypted: boolean;
  /** Bytes, as declared. */
  readonly packedSize: number;
  readonly size: number;
  /** CRC-32 of the unpacked bytes. */
  readonly checksum: number;
  /** Where its packed bytes begin; undefined: there is no local header where there should be one. */
  readonly dataStart: number | undefined;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /**
   * Readers that go by the directory and readers that go by the local headers see different files, entries share bytes, or
   * the directory cannot be read; "partial": more entries than the budget has.
   */
  readonly problem: "corrupt" | "bomb" | "partial" | undefined;
  /** There is nothing in it but its entries and its directory: no gap in which something else could stand, and no comment. */
  readonly isPure: boolean;
}

const END = Buffer.from("PK\x05\x06", "latin1");
/** An end record with the longest comment. */
const TAIL = 22 + 65_535;
const MAX_ENDS = 64;

/**
 * Reads the directory of a zip and holds it against the local headers: name, method, sizes and the mark of encryption must be the
 * same, and no local header may stand where the directory has none (ClamAV reads one, most clients the other).
 * Undefined: this is no zip, neither by its end nor by its beginning.
 */
export function readZipDirectory(file: ByteView, budget: LookBudget): ZipDirectory | undefined {
  const end = findEnd(file);
  if (end === undefined && !file.read(0, 4).equals(LOCAL)) return undefined;
  if (end === undefined || end === "crowded") {
    return { entries: [], problem: "corrupt", isPure: false };
  }
  return readEntries(file, end, budget);
}

function readEntries(file: ByteView, end: DirectoryEnd, budget: LookBudget): ZipDirectory {
  const entries: ZipEntry[] = [];
  const ranges: ZipRange[] = [];
  let problem: ZipDirectory["problem"];
  let at = end.directoryStart;
  for (let index = 0; index < end.count; index++) {
    const central = readCentral(file, at);
    if (central === undefined) return { entries, problem: "corrupt", isPure: false };
    const local = readLocal(file, end.base + central.localOffset);
    const raw = rawNames(central, local);
    if (!takesMember(budget, central, raw)) return { entries, problem: "partial", isPure: false };
    ranges.push({
      start: end.base + central.localOffset,
      end: (local?.dataStart ?? 0) + central.packedSize,
      // bit 3: what was not known yet when it was written stands behind the data
      spare: (central.flags & 8) === 0 ? 0 : DESCRIPTOR,
    });
    if (local === undefined || !agrees(central, local)) problem ??= "corrupt";
    entries.push(entryOf(central, local, raw));
    at += central.length;
  }
  // Records that the count at the end leaves out, which others read nonetheless.
  if (at !== end.directoryStart + end.directorySize) problem ??= "corrupt";
  const gaps = gapsBetween(file, ranges, end.directoryStart);
  problem ??= gaps.problem;
  // What stands before or behind it is another file to other readers.
  if (end.isDoubtful || gaps.before > 0) problem ??= "corrupt";
  return { entries, problem, isPure: gaps.isTight && !end.hasComment };
}

/** Counts a member, and every name that some reader knows it by; false: too much. */
function takesMember(
  budget: LookBudget,
  { nameBytes }: NonNullable<ReturnType<typeof readCentral>>,
  [, ...others]: ReturnType<typeof rawNames>,
): boolean {
  return (
    budget.takeMember(nameBytes.length) && others.every((name) => budget.takeName(name.length))
  );
}

/** Signature, checksum and two sizes, of eight bytes each in zip64 (APPNOTE 4.3.9). */
const DESCRIPTOR = 24;
interface DirectoryEnd {
  readonly count: number;
  readonly directoryStart: number;
  readonly directorySize: number;
  /** What stands before the zip: offsets count from here. */
  readonly base: number;
  readonly hasComment: boolean;
  /**
   * Not all readers take it: bytes follow that belong neither to it nor to a last block of zeros, another end stands behind it, or its comment
   * is longer than there are bytes.
   */
  readonly isDoubtful: boolean;
}

/** The last end record whose directory lies where it says; a file may hold several. "crowded": too many lead nowhere. */
function findEnd(file: ByteView): DirectoryEnd | "crowded" | undefined {
  const tailStart = Math.max(0, file.size - TAIL);
  const tail = file.read(tailStart, TAIL);
  let tries = 0;
  let isDoubtful = false;
  for (
    let at = tail.lastIndexOf(END);
    at >= 0;
    at = at === 0 ? -1 : tail.lastIndexOf(END, at - 1)
  ) {
    if (++tries > MAX_ENDS) return "crowded";
    if (tail.length < at + 22) continue;
    const found = readEnd(file, tail.subarray(at, at + 22), tailStart + at);
    if (found === undefined) {
      isDoubtful ||= leadsToDirectory(file, tail.subarray(at, at + 22));
      continue;
    }
    const commentLength = tail.readUInt16LE(at + 20);
    const behind = tail.subarray(at + 22 + commentLength);
    const isCut = at + 22 + commentLength > tail.length;
    return {
      ...found,
      hasComment: commentLength > 0,
      isDoubtful: isDoubtful || isCut || behind.some((byte) => byte !== 0),
    };
  }
  return undefined;
}

/** An end whose size does not fit has a directory all the same for who goes by its place. */
function leadsToDirectory(file: ByteView, record: Buffer): boolean {
  const offset = record.readUInt32LE(16);
  return offset === 0xffff_ffff || isCentral(file.read(offset, 4));
}

/** APPNOTE 4.3.16, and 4.3.14 where it refers to that. */
function readEnd(
  file: ByteView,
  record: Buffer,
  position: number,
): Omit<DirectoryEnd, "hasComment" | "isDoubtful"> | undefined {
  const short = {
    count: record.readUInt16LE(10),
    size: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
  };
  const isLong =
    short.count === 0xffff || short.size === 0xffff_ffff || short.offset === 0xffff_ffff;
  const long = isLong ? readLongEnd(file, position) : undefined;
  const { count, size, offset, end } = long ?? { ...short, end: position };
  const start = end - size;
  const base = start - offset;
  if (start < 0 || base < 0) return undefined;
  if (count > 0 && !isCentral(file.read(start, 4))) return undefined;
  return { count, directoryStart: start, directorySize: size, base };
}

function readLongEnd(
  file: ByteView,
  position: number,
): { count: number; size: number; offset: number; end: number } | undefined {
  const locator = file.read(position - 20, 20);
  if (locator.length < 20 || locator.readUInt32LE(0) !== 0x0706_4b50) return undefined;
  // Where it says, or directly before the locator: something may stand before the zip.
  for (const at of [Number(locator.readBigUInt64LE(8)), position - 20 - 56]) {
    const record = file.read(at, 56);
    if (record.length < 56 || record.readUInt32LE(0) !== 0x0606_4b50) continue;
    return {
      count: Number(record.readBigUInt64LE(32)),
      size: Number(record.readBigUInt64LE(40)),
      offset: Number(record.readBigUInt64LE(48)),
      end: at,
    };
  }
  return undefined;
}

function isCentral(bytes: Buffer): boolean {
  return bytes.length === 4 && bytes.readUInt32LE(0) === 0x0201_4b50;
}

interface Central {
  readonly flags: number;
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  readonly checksum: number;
  readonly nameBytes: Buffer;
  readonly extra: Buffer;
  readonly localOffset: number;
  /** Of the record. */
  readonly length: number;
}

function readCentral(file: ByteView, at: number): Central | undefined {
  const head = file.read(at, 46);
  if (head.length < 46 || !isCentral(head.subarray(0, 4))) return undefined;
  const nameLength = head.readUInt16LE(28);
  const extraLength = head.readUInt16LE(30);
  const rest = file.read(at + 46, nameLength + extraLength);
  if (rest.length < nameLength + extraLength) return undefined;
  const extra = rest.subarray(nameLength);
  const long = longSizes(extra, [
    head.readUInt32LE(24),
    head.readUInt32LE(20),
    head.readUInt32LE(42),
  ]);
  return {
    flags: head.readUInt16LE(8),
    method: head.readUInt16LE(10),
    packedSize: long[1],
    size: long[0],
    checksum: head.readUInt32LE(16),
    nameBytes: rest.subarray(0, nameLength),
    extra,
    localOffset: long[2],
    length: 46 + nameLength + extraLength + head.readUInt16LE(32),
  };
}

/** APPNOTE 4.5.3: the values that are all ones stand in the extra field 1, in this order. */
function longSizes(
  extra: Buffer,
  values: readonly [number, number, number],
): readonly [number, number, number] {
  const field = extraField(extra, 1);
  let at = 0;
  const read = (value: number): number => {
    if (value !== 0xffff_ffff || field === undefined || field.length < at + 8) return value;
    at += 8;
    return Number(field.readBigUInt64LE(at - 8));
  };
  return [read(values[0]), read(values[1]), read(values[2])];
}

function extraField(extra: Buffer, id: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === id)
      return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  return undefined;
}

interface Local {
  readonly flags: number;
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  readonly nameBytes: Buffer;
  readonly extra: Buffer;
  readonly dataStart: number;
}

/** APPNOTE 4.3.7. */
function readLocal(file: ByteView, at: number): Local | undefined {
  const head = file.read(at, 30);
  if (head.length < 30 || !head.subarray(0, 4).equals(LOCAL)) return undefined;
  const nameLength = head.readUInt16LE(26);
  const extraLength = head.readUInt16LE(28);
  const rest = file.read(at + 30, nameLength + extraLength);
  if (rest.length < nameLength + extraLength) return undefined;
  const extra = rest.subarray(nameLength);
  const [size, packedSize] = longSizes(extra, [head.readUInt32LE(22), head.readUInt32LE(18), 0]);
  return {
    flags: head.readUInt16LE(6),
    method: head.readUInt16LE(8),
    packedSize,
    size,
    nameBytes: rest.subarray(0, nameLength),
    extra,
    dataStart: at + 30 + nameLength + extraLength,
  };
}

function agrees(central: Central, local: Local): boolean {
  if (!central.nameBytes.equals(local.nameBytes) || central.method !== local.method) return false;
  if ((central.flags & 1) !== (local.flags & 1)) return false;
  // Bit 3: whoever wrote it did not know the size yet, and it stands behind the data.
  const isLate = (local.flags & 8) !== 0;
  if (isLate && local.packedSize === 0 && local.size === 0) return true;
  return local.packedSize === central.packedSize && local.size === central.size;
}

/** The name in the directory, and whatever else the two headers call the entry. */
function rawNames({ nameBytes, extra }: Central, local: Local | undefined): readonly Buffer[] {
  // Info-ZIP's Unicode name (4.6.9): version, checksum of the other name, UTF-8
  const unicode = [extra, local?.extra].flatMap(
    (one) => (one && extraField(one, 0x7075)?.subarray(5)) ?? [],
  );
  const others = [...(local === undefined ? [] : [local.nameBytes]), ...unicode];
  return [nameBytes, ...others.filter((other) => !other.equals(nameBytes))];
}

function entryOf(central: Central, local: Local | undefined, raw: readonly Buffer[]): ZipEntry {
  return {
    names: [...new Set(raw.map(textOf))],
    method: central.method,
    encrypted: ((central.flags | (local?.flags ?? 0)) & 1) !== 0,
    packedSize: central.packedSize,
    size: central.size,
    checksum: central.checksum,
    dataStart: local?.dataStart,
  };
}

function textOf(bytes: Buffer): string {
  const utf8 = bytes.toString("utf8");
  return utf8.includes("\uFFFD") ? bytes.toString("latin1") : utf8;
}

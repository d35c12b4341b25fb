import { viewOf, type ByteView } from "./byte-view.ts";
import type { Container } from "./container.ts";
import { beginsContainer, readContainer, readContainerBehind } from "./containers.ts";
import { inflateBounded } from "./inflate-bounded.ts";
import { inflateHead } from "./inflate-head.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { readOleContent } from "./ole-content.ts";
import { readOleFile } from "./ole-directory.ts";
import { readPackage, type PackageContent } from "./office-package.ts";
import { isTar, readTarMembers } from "./tar-members.ts";
import { unreadContainer, unreadFile } from "./unread-containers.ts";
import type { TrueType } from "./true-type.ts";
import { readZipDirectory, type ZipEntry } from "./zip-directory.ts";

/** What an archive holds, with the archives in it. */
export interface ArchiveLook {
  /** Archives in archives: 1 for one that holds none. */
  readonly depth: number;
  /** Names of all members of all levels, as stored; one may have several. Empty, and `listed` false: not opened. */
  readonly names: readonly string[];
  /** Files in it, on all levels. */
  readonly members: number;
  /** Its members are known. */
  readonly listed: boolean;
  readonly encrypted: boolean;
  /** Bytes unpacked by bytes packed, as declared; the worst of all archives in it. */
  readonly ratio: number;
  readonly problem: LookProblem | undefined;
  /** What it is; undefined: a zip, tar or gzip file. */
  readonly type: TrueType | undefined;
  /** It is a document or a program in the form of a zip. */
  readonly content: PackageContent | undefined;
  /** Names of files that are packed into such a document as objects; among `names` as well. */
  readonly embedded: readonly string[];
}

/** A zip that unpacks to more than this much beyond a hundred times its size is made for that. */
const BOMB_RATIO = 100;
const BOMB_GRACE = 10 * 1024 * 1024;
/** Of [Content_Types].xml and of "mimetype". */
const PART_BYTES = 256 * 1024;
/** Of a document, and of each of them: its directory stands near its beginning or its end. */
const MAX_OBJECTS = 32;
const OBJECT_BYTES = 1024 * 1024;
/** The magic number of a tar comes of less, however badly it is packed. */
const PACKED_HEAD_BYTES = 1400;

/** Looks into an archive. Undefined: it is none, or none that is opened here. */
export function lookIntoArchive(
  file: ByteView,
  budget: LookBudget,
  level = 1,
): ArchiveLook | undefined {
  const container = readContainer(file, budget);
  const found = container && lookIntoContainer(file, container, budget, level);
  const zip = lookIntoZip(file, budget, level);
  if (found === undefined) return zip ?? lookIntoOther(file, budget, level);
  // A zip by its end only: the last of its members, or another archive behind it.
  const isMember = zip === undefined || zip.names.every((name) => found.names.includes(name));
  return isMember ? found : merged(found, zip);
}

/** What begins with a tar or a gzip file, or has something else before the archive. */
function lookIntoOther(file: ByteView, budget: LookBudget, level: number): ArchiveLook | undefined {
  const head = file.read(0, 4);
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b) {
    return lookIntoGzip(file, budget, level);
  }
  if (isTar(file)) return lookIntoTar(file, budget, level);
  const container = readContainerBehind(file, budget);
  if (container !== undefined) return lookIntoContainer(file, container, budget, level);
  const type = unreadFile(file);
  if (type === undefined) return undefined;
  return { ...NO_MEMBERS, depth: level, listed: false, problem: "unknown-format", type };
}

/** What the readers of other kinds found, with the archives in it. */
function lookIntoContainer(
  file: ByteView,
  container: Container,
  budget: LookBudget,
  level: number,
): ArchiveLook {
  const { type, members, listed, encrypted, problem } = container;
  const unpacked = members.reduce((sum, { size }) => sum + size, 0);
  const isBomb = unpacked > BOMB_RATIO * file.size + BOMB_GRACE;
  const found: ArchiveLook = {
    ...NO_MEMBERS,
    depth: level,
    names: members.flatMap(({ names }) => names),
    members: members.length,
    listed,
    encrypted,
    ratio: unpacked / Math.max(1, file.size),
    problem: isBomb && problem !== "encrypted" ? "bomb" : problem,
    type,
  };
  const inner = members.map(({ content, size }) => (): Buffer | "partial" | undefined => {
    if (content === undefined || size < LEAST_ARCHIVE) return undefined;
    const head = content.head(512, budget);
    if (head === "partial") return head;
    return beginsArchive(head) ? content.whole(budget) : undefined;
  });
  return withInner(found, inner, budget, level);
}

/** Bytes that no archive of something has less of: an end record of a zip has 22, a gzip file 18. */
const LEAST_ARCHIVE = 18;

/** Of an archive of which nothing is known. */
export const NO_MEMBERS: ArchiveLook = {
  depth: 1,
  names: [],
  members: 0,
  listed: true,
  encrypted: false,
  ratio: 1,
  problem: undefined,
  type: undefined,
  content: undefined,
  embedded: [],
};

function lookIntoZip(file: ByteView, budget: LookBudget, level: number): ArchiveLook | undefined {
  const directory = readZipDirectory(file, budget);
  if (directory === undefined) return undefined;
  const { entries } = directory;
  const names = entries.flatMap((entry) => (isFolder(entry) ? [] : entry.names));
  const unpacked = entries.reduce((sum, { size }) => sum + size, 0);
  const encrypted = entries.some((entry) => entry.encrypted);
  const isBomb = unpacked > BOMB_RATIO * file.size + BOMB_GRACE;
  const content = readPackage(
    names,
    partOf(file, entries, "[content_types].xml", budget),
    partOf(file, entries, "mimetype", budget),
  );
  const embedded = content?.type.group === "office" ? embeddedIn(file, entries, budget) : [];
  const found: ArchiveLook = {
    ...NO_MEMBERS,
    depth: level,
    names: [...names, ...embedded],
    members: entries.filter((entry) => !isFolder(entry)).length,
    encrypted,
    ratio: unpacked / Math.max(1, file.size),
    problem: directory.problem ?? (isBomb ? "bomb" : encrypted ? "encrypted" : isLongList(entries)),
    content,
    embedded,
  };
  const inner = entries
    .filter((entry) => !entry.encrypted && entry.size >= 18)
    .map((entry) => (): Buffer | "partial" | undefined => openEntry(file, entry, budget));
  return withInner(found, inner, budget, level);
}

/** Objects in a document: files as they are, or packed into a compound file that tells their name. */
function embeddedIn(
  file: ByteView,
  entries: readonly ZipEntry[],
  budget: LookBudget,
): readonly string[] {
  const objects = entries
    .filter(({ names }) => names.some((name) => /(?:^|[/\\])embeddings[/\\]/i.test(name)))
    .slice(0, MAX_OBJECTS);
  return objects.flatMap((entry) => {
    if (!entry.names.every((name) => /\.bin$/i.test(name))) return entry.names;
    if (entry.dataStart === undefined || entry.encrypted) return [];
    const packed = file.read(entry.dataStart, Math.min(entry.packedSize, OBJECT_BYTES));
    const limit = Math.min(OBJECT_BYTES, budget.unpackedBytes);
    const unpacked = entry.method === 0 ? undefined : inflateBounded(packed, "raw", limit);
    const bytes = unpacked?.bytes ?? packed;
    budget.takeUnpacked(unpacked?.work ?? packed.length);
    const ole = readOleFile(viewOf(bytes));
    return ole === undefined ? [] : readOleContent(ole).embedded;
  });
}

function isFolder({ names, size }: ZipEntry): boolean {
  return size === 0 && names.every((name) => name.endsWith("/"));
}

function partOf(
  file: ByteView,
  entries: readonly ZipEntry[],
  wanted: string,
  budget: LookBudget,
): string {
  const entry = entries.find(({ names }) => names.some((name) => name.toLowerCase() === wanted));
  if (entry?.dataStart === undefined || entry.encrypted) return "";
  const packed = file.read(entry.dataStart, Math.min(entry.packedSize, PART_BYTES));
  if (entry.method === 0) return textOf(packed);
  const limit = Math.min(PART_BYTES, budget.unpackedBytes);
  const { bytes, work } = inflateBounded(packed, "raw", limit);
  budget.takeUnpacked(work);
  return textOf(bytes);
}

/** What a document of today says of its parts is longer than what is read of it: it may have macros behind that. */
function isLongList(entries: readonly ZipEntry[]): "partial" | undefined {
  const list = entries.find(({ names }) =>
    names.some((name) => name.toLowerCase() === "[content_types].xml"),
  );
  return list !== undefined && list.size > PART_BYTES ? "partial" : undefined;
}

function textOf(bytes: Buffer): string {
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff;
  if (!isBig && !(bytes[0] === 0xff && bytes[1] === 0xfe)) return bytes.toString("utf8");
  const even = bytes.subarray(0, bytes.length & ~1);
  return (isBig ? Buffer.from(even).swap16() : even).toString("utf16le");
}

/** The bytes of a member that is an archive; undefined: it is none. */
function openEntry(
  file: ByteView,
  entry: ZipEntry,
  budget: LookBudget,
): Buffer | "partial" | undefined {
  if (entry.dataStart === undefined) return undefined;
  if (entry.method !== 0 && entry.method !== 8) return undefined;
  const packedHead = file.read(entry.dataStart, Math.min(entry.packedSize, PACKED_HEAD_BYTES));
  const head = entry.method === 8 ? inflateHead(packedHead) : packedHead;
  // Nobody packs so that nothing comes of so much, unless it is not to be seen.
  if (head.length < 4 && entry.packedSize > packedHead.length) return "partial";
  if (!beginsArchive(head)) return undefined;
  if (entry.packedSize > budget.unpackedBytes) return "partial";
  const packed = file.read(entry.dataStart, entry.packedSize);
  if (entry.method === 0) return budget.takeUnpacked(packed.length) ? packed : "partial";
  const { bytes, whole, work } = inflateBounded(packed, "raw", budget.unpackedBytes);
  return budget.takeUnpacked(work) && whole ? bytes : "partial";
}

/** Whether a member is an archive of its own, by its first bytes. */
export function beginsArchive(head: Buffer): boolean {
  if (head.length < 4) return false;
  if (head[0] === 0x50 && head[1] === 0x4b) return true;
  if (head[0] === 0x1f && head[1] === 0x8b) return true;
  return beginsContainer(head) || isTar(viewOf(head)) || unreadContainer(head) !== undefined;
}

function lookIntoTar(file: ByteView, budget: LookBudget, level: number): ArchiveLook {
  const { members, problem } = readTarMembers(file, budget);
  const found = {
    ...NO_MEMBERS,
    depth: level,
    names: members.flatMap(({ names }) => names),
    members: members.length,
    problem,
  };
  const inner = members.map(({ start, size }) => (): Buffer | "partial" | undefined => {
    if (!beginsArchive(file.read(start, Math.min(size, 512)))) return undefined;
    return budget.takeUnpacked(size) ? file.read(start, size) : "partial";
  });
  return withInner(found, inner, budget, level);
}

/** RFC 1952: one file, which may bear its name; a tar in it counts as the same archive, as everybody speaks of it. */
function lookIntoGzip(file: ByteView, budget: LookBudget, level: number): ArchiveLook {
  const limit = budget.unpackedBytes;
  const packed = file.read(0, limit);
  const unpacked = inflateBounded(packed, "gzip", limit);
  const { bytes, whole, packedLength } = unpacked;
  // Of what is cut off, what came out is all that is looked at further.
  const work = unpacked.broken ? unpacked.work : bytes.length;
  const isAll = budget.takeUnpacked(work) && whole && packed.length === file.size;
  const name = nameInGzip(packed);
  const names = name === "" ? [] : [name];
  const ratio = bytes.length / Math.max(1, packedLength);
  const problem = isAll ? undefined : notAll(unpacked.broken && packed.length === file.size, ratio);
  const found = { ...NO_MEMBERS, depth: level, names, members: 1, ratio, problem };
  if (bytes.length === 0) return found;
  const inside = viewOf(bytes);
  if (!isTar(inside)) {
    const inner = (): Buffer | undefined => (beginsArchive(bytes) ? bytes : undefined);
    return withInner(found, [inner], budget, level);
  }
  const tar = lookIntoTar(inside, budget, level);
  // What was cut off is no fault of the tar.
  return { ...tar, names: [...names, ...tar.names], ratio, problem: problem ?? tar.problem };
}

function notAll(isBroken: boolean, ratio: number): LookProblem {
  if (isBroken) return "corrupt";
  return ratio > BOMB_RATIO ? "bomb" : "partial";
}

/** RFC 1952 §2.3: extra field, then the name, ended by a zero. */
function nameInGzip(packed: Buffer): string {
  const flags = packed[3] ?? 0;
  if ((flags & 0x08) === 0 || packed.length < 12) return "";
  const start = (flags & 0x04) === 0 ? 10 : 12 + packed.readUInt16LE(10);
  const end = packed.indexOf(0, start);
  return packed.toString("latin1", start, end < 0 ? start + 255 : Math.min(end, start + 4096));
}

/** Adds what the archives among the members hold. */
function withInner(
  outer: ArchiveLook,
  members: readonly (() => Buffer | "partial" | undefined)[],
  budget: LookBudget,
  level: number,
): ArchiveLook {
  let found = outer;
  for (const open of members) {
    const bytes = open();
    if (bytes === undefined) continue;
    if (bytes === "partial") found = { ...found, problem: found.problem ?? "partial" };
    else if (level >= budget.depth) return { ...found, problem: found.problem ?? "too-deep" };
    else found = merged(found, lookIntoArchive(viewOf(bytes), budget, level + 1));
  }
  return found;
}

function merged(outer: ArchiveLook, inner: ArchiveLook | undefined): ArchiveLook {
  if (inner === undefined) return outer;
  return {
    ...outer,
    // A document in an archive is a member, not an archive of its own.
    depth: inner.content === undefined ? Math.max(outer.depth, inner.depth) : outer.depth,
    names: [...outer.names, ...inner.names],
    members: outer.members + inner.members,
    encrypted: outer.encrypted || inner.encrypted,
    ratio: Math.max(outer.ratio, inner.ratio),
    problem: outer.problem ?? inner.problem,
  };
}

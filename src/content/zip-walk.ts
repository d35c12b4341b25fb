import { addMember, newGathering, type ArchiveLook } from "./archive-look.ts";
import { ByteInput } from "./byte-input.ts";
import { viewOf, type ByteView } from "./byte-view.ts";
import { BOMB_GRACE, BOMB_RATIO } from "./look-budget.ts";
import { readPackage } from "./office-package.ts";
import { runsFromElsewhere } from "./office-relations.ts";
import { readOleContent } from "./ole-content.ts";
import { readOleFile } from "./ole-directory.ts";
import { subView } from "./sub-view.ts";
import { Unreadable } from "./unreadable.ts";
import type { MemberContent, Walker } from "./walker.ts";
import { readZipDirectory, type ZipEntry } from "./zip-directory.ts";
import { unpackZipEntry } from "./zip-entry.ts";

/** Of [Content_Types].xml and of "mimetype". */
const PART_BYTES = 256 * 1024;
/** Of a document, and of each of them: its directory stands near its beginning or its end. */
const MAX_OBJECTS = 32;
const OBJECT_BYTES = 1024 * 1024;
const MAX_RELATIONS = 64;
const RELATION_BYTES = 64 * 1024;

/** Looks into a zip. Undefined: it is none. */
export function walkZip(file: ByteView, walker: Walker, level: number): ArchiveLook | undefined {
  const directory = readZipDirectory(file, walker.budget);
  if (directory === undefined) return undefined;
  const { entries } = directory;
  const zip = { file, entries, walker };
  const files = entries.filter((entry) => !isFolder(entry));
  const unpacked = entries.reduce((sum, { size }) => sum + size, 0);
  const isBomb = unpacked > BOMB_RATIO * file.size + BOMB_GRACE;
  const found = newGathering(level);
  found.names.push(...files.flatMap(({ names }) => names));
  found.members = files.length;
  found.encrypted = entries.some(({ encrypted }) => encrypted);
  found.ratio = unpacked / Math.max(1, file.size);
  found.isPure = directory.isPure;
  found.content = readPackage(
    found.names,
    partOf(zip, "[content_types].xml"),
    partOf(zip, "mimetype"),
  );
  if (found.content?.type.group === "office") {
    found.embedded = [...embeddedIn(zip)];
    found.names.push(...found.embedded);
    if (relationsOf(zip).some(runsFromElsewhere))
      found.content = { ...found.content, hasMacros: true };
  }
  found.problem =
    directory.problem ?? (isBomb ? "bomb" : found.encrypted ? "encrypted" : isLongList(entries));
  // what shares bytes, or is more than there can be, is not unpacked to see what it is
  if (found.problem === "bomb") walker.missed();
  else walkEntries(zip, found, level);
  return found;
}

interface Zip {
  readonly file: ByteView;
  readonly entries: readonly ZipEntry[];
  readonly walker: Walker;
}

function walkEntries(
  { file, entries, walker }: Zip,
  found: ReturnType<typeof newGathering>,
  level: number,
): void {
  for (const entry of entries) {
    if (entry.encrypted || entry.dataStart === undefined) {
      walker.missed();
      continue;
    }
    if (isFolder(entry) && entry.packedSize === 0) continue;
    addMember(found, walker.member(contentOf(file, entry, walker), level + 1));
    if (!walker.budget.isSpent) continue;
    found.problem ??= "partial";
    walker.missed();
    return;
  }
}

function contentOf(file: ByteView, entry: ZipEntry, walker: Walker): MemberContent {
  const chunks = unpackZipEntry(file, entry, walker.budget);
  const isPlain = entry.method === 0 && entry.size === entry.packedSize;
  if (!isPlain) return { chunks };
  return { chunks, view: subView(file, entry.dataStart ?? 0, entry.size) };
}

function isFolder({ names, size }: ZipEntry): boolean {
  return size === 0 && names.every((name) => name.endsWith("/"));
}

/** The beginning of a member, what of it can be unpacked. */
function beginningOf({ file, walker }: Zip, entry: ZipEntry, most: number): Buffer {
  if (entry.dataStart === undefined || entry.encrypted) return Buffer.alloc(0);
  try {
    return new ByteInput(unpackZipEntry(file, entry, walker.budget)).take(most);
  } catch (error) {
    if (error instanceof Unreadable) return Buffer.alloc(0);
    throw error;
  }
}

/** Objects in a document: files as they are, or packed into a compound file that tells their name. */
function embeddedIn(zip: Zip): readonly string[] {
  const objects = zip.entries
    .filter(({ names }) => names.some((name) => /(?:^|[/\\])embeddings[/\\]/i.test(name)))
    .slice(0, MAX_OBJECTS);
  return objects.flatMap((entry) => {
    if (!entry.names.every((name) => /\.bin$/i.test(name))) return entry.names;
    const ole = readOleFile(viewOf(beginningOf(zip, entry, OBJECT_BYTES)));
    return ole === undefined ? [] : readOleContent(ole).embedded;
  });
}

/** What a document says of its parts' relations to others, as far as that is read. */
function relationsOf(zip: Zip): readonly string[] {
  const parts = zip.entries.filter(({ names }) => names.some((name) => /\.rels$/i.test(name)));
  return parts
    .slice(0, MAX_RELATIONS)
    .map((entry) => textOf(beginningOf(zip, entry, RELATION_BYTES)));
}

function partOf(zip: Zip, wanted: string): string {
  const entry = zip.entries.find(({ names }) =>
    names.some((name) => name.toLowerCase() === wanted),
  );
  return entry === undefined ? "" : textOf(beginningOf(zip, entry, PART_BYTES));
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

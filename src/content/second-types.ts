import type { ArchiveLook } from "./archive-look.ts";
import type { TrueType } from "./true-type.ts";

/** Readers take a PDF whose first line stands within so many bytes (ISO 32000-1, Annex H.3.4.1). */
const PDF_WITHIN = 1024;
/** Behind the tag of a tune, and in the comment of a picture, another file may begin within so much. */
const MEDIA_WITHIN = 64 * 1024;

/**
 * What a file is besides: a zip behind a picture, a PDF behind a header, a script in the comment of an image. Such files are made for one
 * reader to see one thing and another one the other (polyglots).
 *
 * @param first what it is by its beginning
 */
export function secondTypes(
  head: Buffer,
  tail: Buffer,
  first: TrueType | undefined,
  archive: ArchiveLook | undefined,
): readonly TrueType[] {
  const found: TrueType[] = [];
  const isOther = first?.group !== "archive" && first?.group !== "office";
  if (archive !== undefined && archive.listed && !isZip(head) && isOther) {
    found.push(typeOfArchive(archive));
  }
  if (first?.type !== "application/pdf" && head.subarray(0, PDF_WITHIN).includes("%PDF-")) {
    found.push({ type: "application/pdf", group: "document" });
  }
  for (const { bytes, at, type } of FIXED_PLACES) {
    if (head.toString("latin1", at, at + bytes.length) === bytes) found.push(type);
  }
  if (first !== undefined && MEDIA.has(first.group)) found.push(...besideMedia(head, tail, first));
  return found;
}

function isZip(head: Buffer): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] ?? 0) < 0x10;
}

function typeOfArchive({ content, type }: ArchiveLook): TrueType {
  return content?.type ?? type ?? ZIP;
}

const ZIP: TrueType = { type: "application/zip", group: "archive" };
const MEDIA: ReadonlySet<string> = new Set(["image", "audio", "video", "document"]);

/** Formats that leave their beginning to others. */
const FIXED_PLACES: readonly {
  readonly bytes: string;
  readonly at: number;
  readonly type: TrueType;
}[] = [
  {
    bytes: "CD001",
    at: 0x8001,
    type: { type: "application/x-iso9660-image", group: "disk-image" },
  },
  { bytes: "ustar", at: 257, type: { type: "application/x-tar", group: "archive" } },
];

/** Archives by a signature that does not come about by chance. */
const SIGNATURES: readonly (readonly [bytes: Buffer, type: TrueType])[] = [
  [latin1("Rar!\x1a\x07"), { type: "application/vnd.rar", group: "archive" }],
  [latin1("7z\xbc\xaf\x27\x1c"), { type: "application/x-7z-compressed", group: "archive" }],
];

/** Programs of text that an interpreter finds in anything. */
const SCRIPT_TAGS: readonly (readonly [tag: string, type: string])[] = [
  ["<?php", "text/x-php"],
  ["<script", "text/html"],
  ["<SCRIPT", "text/html"],
  ["<Script", "text/html"],
  ["<hta:application", "application/hta"],
  ["<HTA:APPLICATION", "application/hta"],
];

function besideMedia(head: Buffer, tail: Buffer, first: TrueType): readonly TrueType[] {
  const found: TrueType[] = [];
  for (const [bytes, type] of SIGNATURES) {
    if (head.includes(bytes) || tail.includes(bytes)) found.push(type);
  }
  // The text of a document and of markup holds such words as words.
  if (first.group !== "document") {
    for (const [tag, type] of SCRIPT_TAGS) {
      if (head.includes(tag) || tail.includes(tag)) found.push({ type, group: "script" });
    }
  }
  const program = programBehind(head);
  if (program !== undefined) found.push(program);
  if (first.type === "audio/mpeg") {
    const picture = head.indexOf("\xff\xd8\xff", 10, "latin1");
    const end = tagEnd(head);
    if (picture >= 0 && picture >= end && picture < end + MEDIA_WITHIN) {
      found.push({ type: "image/jpeg", group: "image" });
    }
  }
  if (first.group === "image") {
    const tune = head.indexOf("ID3", 0, "latin1");
    const version = head[tune + 3] ?? 0xff;
    if (tune > 0 && tune < MEDIA_WITHIN && version >= 2 && version <= 4 && head[tune + 4] === 0) {
      found.push({ type: "audio/mpeg", group: "audio" });
    }
  }
  return found;
}

/** Where an ID3v2 tag ends: ten bytes, and the size in four times seven bits. */
function tagEnd(head: Buffer): number {
  const size = [6, 7, 8, 9].reduce((sum, at) => sum * 128 + ((head[at] ?? 0) & 0x7f), 0);
  return 10 + size;
}

/** "MZ", from where the offset at 0x3C leads to "PE": not by chance. */
function programBehind(head: Buffer): TrueType | undefined {
  let tries = 0;
  for (
    let at = head.indexOf("MZ", 1, "latin1");
    at >= 0;
    at = head.indexOf("MZ", at + 1, "latin1")
  ) {
    if (++tries > 4096) return undefined;
    if (head.length < at + 64) return undefined;
    const offset = head.readUInt32LE(at + 0x3c);
    const signature = head.toString("latin1", at + offset, at + offset + 4);
    if (offset >= 64 && signature === "PE\0\0")
      return { type: "application/x-msdownload", group: "executable" };
  }
  return undefined;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

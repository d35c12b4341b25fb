import { viewOf } from "./byte-view.ts";
import { readOleFile, type OleEntry, type OleFile } from "./ole-directory.ts";
import { objectsOfSlides } from "./slide-objects.ts";
import type { TrueType } from "./true-type.ts";

/** What a compound file is, by the names and the beginnings of its streams. */
export interface OleContent {
  readonly type: TrueType;
  /** Undefined: encrypted, and nobody can tell. */
  readonly hasMacros: boolean | undefined;
  readonly encrypted: boolean;
  /** Names of files that are packed into the document as objects. */
  readonly embedded: readonly string[];
}

/** Streams by which a program knows its own files; the first that is there says it. */
const KINDS: readonly (readonly [stream: string, type: string, group: TrueType["group"]])[] = [
  ["EncryptedPackage", "application/encrypted", "office"],
  ["WordDocument", "application/msword", "office"],
  ["PowerPoint Document", "application/vnd.ms-powerpoint", "office"],
  ["Workbook", "application/vnd.ms-excel", "office"],
  ["Book", "application/vnd.ms-excel", "office"],
  ["VisioDocument", "application/vnd.visio", "office"],
  ["__properties_version1.0", "application/vnd.ms-outlook", "document"],
  ["Quill", "application/vnd.ms-publisher", "office"],
  ["BodyText", "application/x-hwp", "office"],
];
/** The group of a type that is known by its streams. */
export function groupOfOleType(type: string): TrueType["group"] | undefined {
  return type === "application/x-msi" ? "installer" : KINDS.find(([, one]) => one === type)?.[2];
}

/** Class of the root: package, transform, patch of the Windows Installer ({000C1084-0000-0000-C000-000000000046} …). */
const INSTALLER_CLASS = /^8[246]100c0000000000c000000000000046$/;
const MACRO_ENTRIES: ReadonlySet<string> = new Set([
  "vba",
  "_vba_project",
  "_vba_project_cur",
  "macros",
]);

/** Bytes of a stream that are looked at. */
const STREAM_BYTES = 1024 * 1024;
/** Of the stream of a presentation, which holds its objects too. */
const SLIDES_BYTES = 8 * 1024 * 1024;
const MAX_RECORDS = 8192;
const MAX_EMBEDDED = 64;

/** Reads what its streams say. */
export function readOleContent(file: OleFile): OleContent {
  const byName = new Map(file.entries.map((entry) => [entry.name, entry]));
  const root = file.entries.find(({ kind }) => kind === "root");
  const isInstaller = INSTALLER_CLASS.test(root?.classId ?? "");
  const known = KINDS.find(([stream]) => byName.has(stream));
  const type: TrueType = isInstaller
    ? { type: "application/x-msi", group: "installer" }
    : known === undefined
      ? { type: "application/x-ole-storage", group: "office" }
      : { type: known[1], group: known[2] };
  const encrypted = isEncrypted(file, byName);
  const named = file.entries.some(({ name }) => MACRO_ENTRIES.has(name.toLowerCase()));
  const hasMacros = named || hasHiddenMacros(file, byName);
  return {
    type,
    hasMacros: encrypted && !hasMacros ? undefined : hasMacros,
    encrypted,
    embedded: embeddedNames(file, byName),
  };
}

function isEncrypted(file: OleFile, byName: ReadonlyMap<string, OleEntry>): boolean {
  if (byName.has("EncryptedPackage") || byName.has("EncryptedSummary")) return true;
  const word = byName.get("WordDocument");
  // [MS-DOC] 2.5.2: fEncrypted
  if (word !== undefined && ((file.read(word, 12)[11] ?? 0) & 0x01) !== 0) return true;
  const workbook = byName.get("Workbook") ?? byName.get("Book");
  if (workbook === undefined) return false;
  return workbookFacts(file.read(workbook, STREAM_BYTES)).encrypted;
}

/** Macros of Excel 4 are sheets of the workbook, those of PowerPoint lie packed in its one stream. */
function hasHiddenMacros(file: OleFile, byName: ReadonlyMap<string, OleEntry>): boolean {
  const workbook = byName.get("Workbook") ?? byName.get("Book");
  if (workbook !== undefined && workbookFacts(file.read(workbook, STREAM_BYTES)).macroSheet)
    return true;
  const slides = byName.get("PowerPoint Document");
  return slides !== undefined && hasMacroAtom(file.read(slides, STREAM_BYTES));
}

/** [MS-XLS] 2.4.28 BoundSheet8 with dt 1, and 2.4.117 FilePass, among the records of the workbook's beginning. */
function workbookFacts(stream: Buffer): { macroSheet: boolean; encrypted: boolean } {
  let macroSheet = false;
  let encrypted = false;
  let at = 0;
  for (let i = 0; i < MAX_RECORDS && at + 4 <= stream.length; i++) {
    const record = stream.readUInt16LE(at);
    const length = stream.readUInt16LE(at + 2);
    if (record === 0x0a) break;
    if (record === 0x2f) encrypted = true;
    if (record === 0x85 && stream[at + 4 + 5] === 1) macroSheet = true;
    at += 4 + length;
  }
  return { macroSheet, encrypted };
}

/** [MS-PPT] 2.4.10 VBAInfoAtom: version 2, twelve bytes, of which the second four say whether there are macros. */
const MACRO_ATOM = Buffer.from([0x02, 0x00, 0x00, 0x04, 0x0c, 0x00, 0x00, 0x00]);

function hasMacroAtom(stream: Buffer): boolean {
  for (let at = stream.indexOf(MACRO_ATOM); at >= 0; at = stream.indexOf(MACRO_ATOM, at + 1)) {
    if (stream.length >= at + 16 && stream.readUInt32LE(at + 12) !== 0) return true;
  }
  return false;
}

/** Names of objects, of attachments of a mail, and of what presentations keep packed in their one stream. */
function embeddedNames(file: OleFile, byName: ReadonlyMap<string, OleEntry>): readonly string[] {
  const slides = byName.get("PowerPoint Document");
  const objects = slides === undefined ? [] : objectsOfSlides(file.read(slides, SLIDES_BYTES));
  const inner = objects.flatMap((bytes) => {
    const object = readOleFile(viewOf(bytes));
    return object === undefined ? [] : namesIn(object);
  });
  return [...namesIn(file), ...inner].slice(0, MAX_EMBEDDED);
}

/** A stream with its name, however it is written: [MS-OXMSG] 2.2.2, properties 3707 and 3704 of an attachment. */
const ATTACHMENT_NAME = /^__substg1\.0_370[47]001([ef])$/i;

function namesIn(file: OleFile): readonly string[] {
  const names: string[] = [];
  for (const entry of file.entries) {
    if (names.length >= MAX_EMBEDDED) break;
    const [, kind] = ATTACHMENT_NAME.exec(entry.name) ?? [];
    if (kind !== undefined) {
      const encoding = kind.toLowerCase() === "f" ? "utf16le" : "latin1";
      names.push(zeroEnded(file.read(entry, 1024).toString(encoding)));
    } else if (entry.name.toLowerCase() === "\u0001ole10native") {
      // its size, two bytes, then label and name, each ended by a zero
      const texts = file.read(entry, 2048).toString("latin1", 6).split("\0", 2);
      names.push(...texts.filter((text) => text !== ""));
    }
  }
  return names;
}

function zeroEnded(text: string): string {
  return text.split("\0", 1)[0] ?? "";
}

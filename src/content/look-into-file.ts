/**
 * What a file is and holds, by its bytes alone: all types that a reader may take it for, macros, members of archives. Its name
 * is not asked.
 *
 * Not here: what needs a whole unpacked file (the engines). Bounded: a megabyte of the beginning, 64 KiB of the end, directories, and what `LookBudget` gives; the same for
 * a file of any size. Never throws for what stands in a file; a view that cannot be read throws.
 */
import { lookIntoArchive, NO_MEMBERS, type ArchiveLook } from "./archive-look.ts";
import { viewOf, type ByteView } from "./byte-view.ts";
import { hasActiveMime, readOfficeXml, type OfficeXml } from "./office-xml.ts";
import { LookBudget, type LookLimits } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { readOleContent, type OleContent } from "./ole-content.ts";
import { readOleFile } from "./ole-directory.ts";
import { readPdf, type PdfContent } from "./pdf.ts";
import { isTar } from "./tar-members.ts";
import { secondTypes } from "./second-types.ts";
import { textTypes } from "./text-types.ts";
import { trueType, type TrueType } from "./true-type.ts";
import { isEncodedText } from "./unread-containers.ts";

/** What the look found. */
export interface FileLook {
  /** The first is what most readers take it for; further ones where it is several at once. None: not recognised. */
  readonly types: readonly TrueType[];
  /** Undefined: encrypted, and not to be told. */
  readonly hasMacros: boolean | undefined;
  /** The archive that it is, or the files packed into a document; undefined: neither, or not one that is opened here. */
  readonly archive: ArchiveLook | undefined;
  /** Why not everything could be seen; `scan.reason` then says so, and "clean" is not said of it. */
  readonly problem: LookProblem | undefined;
}

const HEAD_BYTES = 1024 * 1024;
const TAIL_BYTES = 64 * 1024;

/** Looks at a file. */
export function lookIntoFile(file: ByteView, limits?: LookLimits): FileLook {
  const head = file.read(0, HEAD_BYTES);
  const tailStart = Math.max(HEAD_BYTES, file.size - TAIL_BYTES);
  const tail = file.read(tailStart, TAIL_BYTES);
  const budget = new LookBudget(limits);
  const archive = lookIntoArchive(file, budget);
  const ole = readOleFile(file);
  const document = ole && readOleContent(ole);
  const byMagic = ole === undefined ? strongMagic(head, tail) : undefined;
  const xml =
    ole === undefined && !isZip(head) ? readOfficeXml(beginningOf(head), [head, tail]) : undefined;
  const first = document?.type ?? xml?.type ?? firstType(head, tail, { archive, byMagic });
  const second = secondTypes(head, tail, first, archive);
  const unread = archive?.listed === false ? archive.type : undefined;
  const types = distinct([first, byMagic, ...second, unread]);
  const pdf = readPdf(file, budget);
  const found = { types, archive, document, pdf, xml, pieces: [head, tail] };
  return {
    types,
    hasMacros: hasMacros(found),
    archive: shownArchive(found),
    problem: problemOf(found),
  };
}

interface Found {
  readonly types: readonly TrueType[];
  readonly archive: ArchiveLook | undefined;
  readonly document: OleContent | undefined;
  readonly pdf: PdfContent | undefined;
  readonly xml: OfficeXml | undefined;
  /** Beginning and end of the file. */
  readonly pieces: readonly Buffer[];
}

function hasMacros({ document, archive, pdf, xml, pieces }: Found): boolean | undefined {
  const inWhole = document === undefined ? hasActiveMime(pieces) : document.hasMacros;
  const all = [inWhole, archive?.content?.hasMacros, pdf?.hasMacros, xml?.hasMacros];
  if (all.includes(true)) return true;
  const isSealed = document !== undefined && document.hasMacros === undefined;
  return isSealed || pdf?.encrypted === true ? undefined : false;
}

function problemOf({ archive, document, pdf, types }: Found): LookProblem | undefined {
  if (archive?.problem !== undefined) return archive.problem;
  if (document?.encrypted === true) return "encrypted";
  return pdf?.problem ?? (types.some(isEncodedText) ? "unknown-format" : undefined);
}

/** In small letters; UTF-16 without its zeros. */
function beginningOf(head: Buffer): string {
  return head.toString("latin1", 0, 8192).replaceAll("\0", "").toLowerCase();
}

/** Magic numbers of two letters are words too: "MZ is a railway company". */
const WORDS: ReadonlySet<string> = new Set([
  "application/x-msdownload",
  "image/bmp",
  "application/x-arj",
]);

/** What the first bytes say, where no text begins like that; not of what is looked into more closely. */
function strongMagic(head: Buffer, tail: Buffer): TrueType | undefined {
  if (isZip(head)) return undefined;
  const found = trueType(head);
  if (found === undefined || found.type.startsWith("text/")) return undefined;
  return WORDS.has(found.type) && textTypes(head, tail).length > 0 ? undefined : found;
}

function firstType(
  head: Buffer,
  tail: Buffer,
  known: { readonly archive: ArchiveLook | undefined; readonly byMagic: TrueType | undefined },
): TrueType | undefined {
  const { archive, byMagic } = known;
  if (isZip(head)) return archive?.content?.type ?? trueType(head);
  const [text] = textTypes(head, tail);
  if (byMagic === undefined) return text ?? (isTar(viewOf(head)) ? TAR : undefined);
  // A picture that is a script as well runs as one.
  return text?.group === "script" ? text : byMagic;
}

const TAR: TrueType = { type: "application/x-tar", group: "archive" };

function isZip(head: Buffer): boolean {
  return ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"].includes(head.toString("latin1", 0, 4));
}

/** A document is no archive, but has one when files are packed into it. */
function shownArchive({ archive, document, pdf }: Found): ArchiveLook | undefined {
  const names = [...(document?.embedded ?? archive?.embedded ?? []), ...(pdf?.embedded ?? [])];
  const isDocument = archive?.content?.type.group === "office";
  const shown = isDocument || archive?.listed !== true ? undefined : archive;
  if (names.length > 0) {
    const base = shown ?? NO_MEMBERS;
    return {
      ...base,
      names: [...base.names, ...names],
      members: base.members + names.length,
      encrypted: base.encrypted || document?.encrypted === true || pdf?.encrypted === true,
      embedded: names,
    };
  }
  // Of one whose list cannot be read nothing is known that rules ask for, but that it is encrypted.
  return archive?.encrypted === true ? archive : shown;
}

function distinct(types: readonly (TrueType | undefined)[]): readonly TrueType[] {
  const seen = new Map<string, TrueType>();
  for (const type of types)
    if (type !== undefined && !seen.has(type.type)) seen.set(type.type, type);
  return [...seen.values()];
}

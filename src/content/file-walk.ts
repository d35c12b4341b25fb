import {
  addMember,
  newGathering,
  type ArchiveGathering,
  type ArchiveLook,
  type MemberLook,
} from "./archive-look.ts";
import { ByteInput, chunksOf } from "./byte-input.ts";
import { viewOf, type ByteView } from "./byte-view.ts";
import { endsInZip } from "./container-signatures.ts";
import { walkContainer } from "./container-walk.ts";
import { beginsContainer, readContainer, readContainerBehind } from "./containers.ts";
import { beginsZip, fileTypes } from "./file-types.ts";
import { InsideGathering } from "./inside-file.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { hasActiveMime, readOfficeXml, type OfficeXml } from "./office-xml.ts";
import { readOleContent, type OleContent } from "./ole-content.ts";
import { readOleFile } from "./ole-directory.ts";
import { isSequential, walkSequential } from "./packed-walk.ts";
import type { PaperContent } from "./paper-content.ts";
import { readPdf } from "./pdf.ts";
import { beginsRtf, readRtf } from "./rtf-objects.ts";
import { scanThrough } from "./scan-through.ts";
import type { TrueType } from "./true-type.ts";
import { isUnopened } from "./unopened-types.ts";
import { unreadContainer, unreadFile } from "./unread-containers.ts";
import { Unreadable } from "./unreadable.ts";
import type { MemberContent, Walker } from "./walker.ts";
import { hasEntityBomb } from "./xml-entities.ts";
import { readZipDirectory } from "./zip-directory.ts";
import { walkZip } from "./zip-walk.ts";

const HEAD_BYTES = 1024 * 1024;
/** Of one of what may be two thousand; a member that is no longer is looked at whole. */
const MEMBER_HEAD_BYTES = 64 * 1024;
const TAIL_BYTES = 64 * 1024;
/** What a text is, is told by so much of its beginning and of its end; of a member by less. */
const TEXT_BYTES = 64 * 1024;
const MEMBER_TEXT_BYTES = 16 * 1024;

/** Members that are in memory, on all levels: what has to be read to and fro. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/** What one file is and holds; its members beside that. */
export interface LookedAt {
  readonly types: readonly TrueType[];
  readonly hasMacros: boolean | undefined;
  readonly archive: ArchiveLook | undefined;
  readonly document: OleContent | undefined;
  /** A PDF, or rich text. */
  readonly paper: PaperContent | undefined;
  readonly problem: LookProblem | undefined;
}

/** One walk through a file and all that is in it. */
export class FileWalk implements Walker {
  readonly budget: LookBudget;
  readonly inside: InsideGathering = new InsideGathering();
  #heldBytes = 0;

  constructor(budget: LookBudget) {
    this.budget = budget;
  }

  missed(): void {
    this.inside.isPlain = false;
  }

  /** Looks at a file, or a member, in which one can read to and fro. */
  look(file: ByteView, level: number): LookedAt {
    const head = file.read(0, level === 1 ? HEAD_BYTES : MEMBER_HEAD_BYTES);
    const tail = file.read(Math.max(head.length, file.size - TAIL_BYTES), TAIL_BYTES);
    const textBytes = level === 1 ? TEXT_BYTES : MEMBER_TEXT_BYTES;
    const archive = this.archive(file, level);
    const ole = readOleFile(file);
    const document = ole && readOleContent(ole);
    const lower = beginningOf(head);
    const xml =
      ole === undefined && !beginsZip(head) ? readOfficeXml(lower, [head, tail]) : undefined;
    const types = fileTypes({ head, tail, textBytes }, archive, {
      type: document?.type ?? xml?.type,
      isCompound: ole !== undefined,
    });
    const paper = readPdf(file, this.budget) ?? readRtf(file, this.budget);
    const sealed = document?.encrypted === true ? "encrypted" : paper?.problem;
    return {
      types,
      hasMacros: hasMacrosIn({ document, archive, paper, xml }, [head, tail]),
      archive,
      document,
      paper,
      problem: archive?.problem ?? sealed ?? problemOf(types, archive, head),
    };
  }

  /** Looks into an archive. Undefined: it is none, or none that is opened here. */
  archive(file: ByteView, level: number): ArchiveLook | undefined {
    if (level > this.budget.depth) return this.#closed(file, level);
    const whole = new ByteInput(chunksOf(file, 0, file.size));
    const found = walkSequential(whole, this, level);
    if (found !== undefined) return found;
    const container = readContainer(file, this.budget);
    const opened = container && walkContainer(file, container, this, level);
    const zip = walkZip(file, this, level);
    if (opened !== undefined) return zip === undefined ? opened : both(opened, zip);
    if (zip !== undefined) return zip;
    const behind = readContainerBehind(file, this.budget);
    if (behind !== undefined) return walkContainer(file, behind, this, level);
    return unread(unreadFile(file), level);
  }

  /** Deeper than one looks no archive is opened, also none that begins as something else. */
  #closed(file: ByteView, level: number): ArchiveLook | undefined {
    const found =
      readZipDirectory(file, this.budget) ??
      readContainer(file, this.budget) ??
      readContainerBehind(file, this.budget);
    if (found !== undefined) throw new Unreadable("too-deep");
    return unread(unreadFile(file), level);
  }

  member(content: MemberContent, level: number): MemberLook {
    try {
      return this.#lookAtMember(content, level);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.missed();
      return { archive: undefined, problem: error.problem };
    }
  }

  #lookAtMember({ chunks, view }: MemberContent, level: number): MemberLook {
    const input = new ByteInput(chunks);
    const head = input.peek(MEMBER_HEAD_BYTES);
    if (level > this.budget.depth && beginsArchive(head)) throw new Unreadable("too-deep");
    if (isSequential(head)) return this.#lookAsItComes(input, head, level);
    if (head.length < MEMBER_HEAD_BYTES) return this.#lookAtWhole(viewOf(head), level);
    if (view !== undefined) return this.#lookAtWhole(view, level);
    return isSoughtIn(head) ? this.#lookAtHeld(input, level) : this.#lookAtLong(input, head, level);
  }

  #lookAsItComes(input: ByteInput, head: Buffer, level: number): MemberLook {
    const archive = walkSequential(input, this, level);
    const types = fileTypes({ head, tail: NOTHING, textBytes: MEMBER_TEXT_BYTES }, archive, PLAIN);
    this.inside.add({
      size: head.length,
      head,
      types,
      hasMacros: false,
      archive,
      found: undefined,
    });
    return { archive, problem: archive?.problem };
  }

  #lookAtHeld(input: ByteInput, level: number): MemberLook {
    const pieces: Buffer[] = [];
    const before = this.#heldBytes;
    try {
      for (const piece of input.rest()) {
        this.#heldBytes += piece.length;
        if (this.#heldBytes > MAX_HELD_BYTES) throw new Unreadable("partial");
        pieces.push(piece);
      }
      return this.#lookAtWhole(viewOf(Buffer.concat(pieces)), level);
    } finally {
      this.#heldBytes = before;
    }
  }

  #lookAtWhole(file: ByteView, level: number): MemberLook {
    const seen = this.look(file, level);
    const { types, hasMacros, archive, document, paper, problem } = seen;
    const found =
      archive === undefined ? scanThrough(chunksOf(file, 0, file.size)).found : undefined;
    const head = file.read(0, MEMBER_HEAD_BYTES);
    this.inside.add({ size: file.size, head, types, hasMacros, archive, found });
    const names = [...(document?.embedded ?? []), ...(paper?.embedded ?? [])];
    if (archive !== undefined || names.length === 0) return { archive, problem };
    // Files that are packed into a document; the document itself is no archive.
    return { archive: { ...newGathering(level - 1), names, members: names.length }, problem };
  }

  /** A long one that holds no others, as far as its beginning says. */
  #lookAtLong(input: ByteInput, head: Buffer, level: number): MemberLook {
    const { found, size, tail } = scanThrough(input.rest());
    const archive = unread(unreadFile(viewOf(Buffer.concat([head, tail]))), level);
    const lower = beginningOf(head);
    const xml = readOfficeXml(lower, [head, tail]);
    const types = fileTypes({ head, tail, textBytes: MEMBER_TEXT_BYTES }, archive, {
      type: xml?.type,
      isCompound: false,
    });
    const hasMacros = xml?.hasMacros === true || hasActiveMime([head, tail]);
    this.inside.add({ size, head, types, hasMacros, archive, found });
    // what began as something else would have to be sought in
    const isHidden = isProgram(head) ? endsInZip(tail, size - tail.length) : found.container;
    const hidden = isHidden ? "unknown-format" : problemOf(types, archive, head);
    return { archive, problem: archive?.problem ?? hidden };
  }
}

/** A container that nobody here looks into. */
function unread(type: TrueType | undefined, level: number): ArchiveLook | undefined {
  if (type === undefined) return undefined;
  const closed = { listed: false, problem: "unknown-format", isPure: false } as const;
  return { ...newGathering(level), ...closed, type };
}

/** A zip by its end only: the last of its members, or another archive behind it. */
function both(opened: ArchiveLook, zip: ArchiveLook): ArchiveLook {
  if (zip.names.every((name) => opened.names.includes(name))) return opened;
  const all: ArchiveGathering = { ...opened, names: [...opened.names], embedded: [] };
  addMember(all, { archive: zip, problem: zip.problem });
  return { ...all, isPure: false };
}

const NOTHING = Buffer.alloc(0);
const PLAIN = { type: undefined, isCompound: false };

/** Undefined: it is encrypted, and nobody can tell. */
function hasMacrosIn(
  {
    document,
    archive,
    paper,
    xml,
  }: Omit<LookedAt, "types" | "hasMacros" | "problem"> & { readonly xml: OfficeXml | undefined },
  pieces: readonly Buffer[],
): boolean | undefined {
  const inWhole = document === undefined ? hasActiveMime(pieces) : document.hasMacros;
  const all = [inWhole, archive?.content?.hasMacros, paper?.hasMacros, xml?.hasMacros];
  if (all.includes(true)) return true;
  const isSealed = document !== undefined && document.hasMacros === undefined;
  return isSealed || paper?.encrypted === true ? undefined : false;
}

/** What is wrong with a file beside what is wrong with what it holds. */
function problemOf(
  types: readonly TrueType[],
  archive: ArchiveLook | undefined,
  head: Buffer,
): LookProblem | undefined {
  if (isUnopened(types, archive)) return "unknown-format";
  return hasEntityBomb(head) ? "bomb" : undefined;
}

/** In small letters; UTF-16 without its zeros. */
function beginningOf(head: Buffer): string {
  return head.toString("latin1", 0, 8192).replaceAll("\0", "").toLowerCase();
}

/** Its readers go to its end first, or wherever its directory says. */
function isSoughtIn(head: Buffer): boolean {
  return (
    beginsZip(head) ||
    beginsContainer(head) ||
    head.toString("latin1", 0, 8) === "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" ||
    head.toString("latin1", 0x8001, 0x8006) === "CD001" ||
    head.subarray(0, 1024).includes("%PDF-") ||
    beginsRtf(head)
  );
}

/** Programs have the signatures of archives among their words. */
function isProgram(head: Buffer): boolean {
  return head.toString("latin1", 0, 2) === "MZ" || head[0] === 0x7f;
}

/** Whether a member is an archive of its own, by its first bytes. */
function beginsArchive(head: Buffer): boolean {
  return (
    beginsZip(head) ||
    isSequential(head) ||
    beginsContainer(head) ||
    unreadContainer(head) !== undefined
  );
}

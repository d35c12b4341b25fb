import type { PackageContent } from "./office-package.ts";
import type { LookProblem } from "./look-problem.ts";
import type { TrueType } from "./true-type.ts";

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
  /** What it is; undefined: a zip, a tar, or what is packed by itself. */
  readonly type: TrueType | undefined;
  /** It is a document or a program in the form of a zip. */
  readonly content: PackageContent | undefined;
  /** Names of files that are packed into such a document as objects; among `names` as well. */
  readonly embedded: readonly string[];
  /** There is nothing in it but its members: nothing before, between or behind them. */
  readonly isPure: boolean;
}

/** What is being gathered about one. */
export type ArchiveGathering = {
  -readonly [Key in keyof ArchiveLook]: ArchiveLook[Key] extends readonly string[]
    ? string[]
    : ArchiveLook[Key];
};

/** Of an archive of which nothing is known yet. */
export function newGathering(level: number): ArchiveGathering {
  return {
    depth: level,
    names: [],
    members: 0,
    listed: true,
    encrypted: false,
    ratio: 1,
    problem: undefined,
    type: undefined,
    content: undefined,
    embedded: [],
    isPure: true,
  };
}

/** What a look into one of its members found. */
export interface MemberLook {
  readonly archive: ArchiveLook | undefined;
  readonly problem: LookProblem | undefined;
}

/** Adds what is in a member. */
export function addMember(outer: ArchiveGathering, { archive, problem }: MemberLook): void {
  outer.problem ??= problem;
  if (archive === undefined) return;
  // A document in an archive is a member, not an archive of its own.
  if (archive.content === undefined) outer.depth = Math.max(outer.depth, archive.depth);
  for (const name of archive.names) outer.names.push(name);
  outer.members += archive.members;
  outer.encrypted ||= archive.encrypted;
  outer.ratio = Math.max(outer.ratio, archive.ratio);
}

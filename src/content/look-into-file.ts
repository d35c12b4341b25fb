/**
 * What a file is and holds, by its bytes alone: all types that a reader may take it for, macros, what is in it on all levels. Its name
 * is not asked.
 *
 * Archives are opened by their bytes, whatever the members are called; every member that can be unpacked is read to its end and typed by its bytes. Bounded by
 * `LookBudget`, which counts work, not yield. Never throws for what stands in a file; a view that cannot be read throws.
 */
import type { ArchiveLook } from "./archive-look.ts";
import { newGathering } from "./archive-look.ts";
import type { ByteView } from "./byte-view.ts";
import { FileWalk, type LookedAt } from "./file-walk.ts";
import type { InsideFile } from "./inside-file.ts";
import { LookBudget, type LookLimits } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import type { TrueType } from "./true-type.ts";

/** What the look found. */
export interface FileLook {
  /** The first is what most readers take it for; further ones where it is several at once. None: not recognised. */
  readonly types: readonly TrueType[];
  /** It has, or a document in it. Undefined: encrypted, and not to be told. */
  readonly hasMacros: boolean | undefined;
  /** The archive that it is, or the files packed into a document; undefined: neither, or not one that is opened here. */
  readonly archive: ArchiveLook | undefined;
  /** What its members are. Undefined: it has none, or they are not known. */
  readonly inside: InsideFile | undefined;
  /** Why not everything could be seen; `scan.reason` then says so, and "clean" is not said of it. */
  readonly problem: LookProblem | undefined;
}

/** Looks at a file. */
export function lookIntoFile(file: ByteView, limits?: LookLimits): FileLook {
  const walk = new FileWalk(new LookBudget(limits, file.size));
  const seen = walk.look(file, 1);
  const { inside } = walk;
  return {
    types: seen.types,
    hasMacros: either(seen.hasMacros, inside.hasMacros),
    archive: shownArchive(seen),
    inside:
      seen.archive?.listed === true
        ? {
            types: inside.types,
            eicar: inside.eicar,
            program: inside.program,
            isPlain: inside.isPlain && isPlainArchive(seen),
          }
        : undefined,
    problem: seen.problem,
  };
}

/** Looks into an archive. Undefined: it is none, or none that is opened here. */
export function lookIntoArchive(file: ByteView, budget: LookBudget): ArchiveLook | undefined {
  return new FileWalk(budget).archive(file, 1);
}

function either(one: boolean | undefined, other: boolean | undefined): boolean | undefined {
  if (one === true || other === true) return true;
  return one === undefined ? undefined : other;
}

/** What it holds is all that there is to it. */
function isPlainArchive({ archive, types, problem }: LookedAt): boolean {
  if (archive?.isPure !== true || archive.content !== undefined || problem !== undefined)
    return false;
  return types.every(({ group }) => group === "archive");
}

/** A document is no archive, but has one when files are packed into it. */
function shownArchive({ archive, document, paper }: LookedAt): ArchiveLook | undefined {
  const names = [...(document?.embedded ?? archive?.embedded ?? []), ...(paper?.embedded ?? [])];
  const isDocument = archive?.content?.type.group === "office";
  const shown = isDocument || archive?.listed !== true ? undefined : archive;
  if (names.length > 0) {
    const base = shown ?? newGathering(1);
    return {
      ...base,
      names: [...base.names, ...names],
      members: base.members + names.length,
      encrypted: base.encrypted || document?.encrypted === true || paper?.encrypted === true,
      embedded: names,
    };
  }
  // Of one whose list cannot be read nothing is known that rules ask for, but that it is encrypted.
  return archive?.encrypted === true ? archive : shown;
}

import type { Container, ContainerMember } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";

/** A header of a RAR archive, as far as both kinds of format have the same. */
export interface RarBlock {
  readonly kind: "main" | "file" | "encryption" | "end" | "other";
  /** Its checksum fits. */
  readonly isExact: boolean;
  /** Another volume holds a part of the archive, or of this file. */
  readonly isPart: boolean;
  /** The headers behind it are encrypted. */
  readonly hidesRest: boolean;
  /** Of a file; undefined: of another block, or broken. */
  readonly file: RarFile | undefined;
  /** Where the next one begins. */
  readonly end: number;
}

export interface RarFile {
  readonly member: ContainerMember;
  readonly encrypted: boolean;
  readonly isFolder: boolean;
}

const TYPE = { type: "application/vnd.rar", group: "archive" } as const;
/** Blocks that are no files, comments and recovery records, that may stand among them. */
const MAX_OTHER_BLOCKS = 1000;

/** What is wrong with an archive in several ways is told by the first of these. */
const ORDER: readonly LookProblem[] = ["encrypted", "corrupt", "partial", "unknown-format"];

/**
 * Goes from header to header. Each is behind the one before, so that this has an end.
 *
 * @param first where the first one stands
 * @param size of the file
 */
export function walkRar(
  first: number,
  size: number,
  budget: LookBudget,
  blockAt: (at: number) => RarBlock | undefined,
): Container {
  const members: ContainerMember[] = [];
  const problems = new Set<LookProblem>();
  let listed = true;
  let others = 0;
  for (let at = first; ;) {
    const block = blockAt(at);
    if (block === undefined) {
      // It may end behind a file without a block that says so, but not within one.
      if (at !== size || members.length === 0) problems.add("corrupt");
      break;
    }
    if (!block.isExact || block.end > size) problems.add("corrupt");
    if (block.isPart) problems.add("partial");
    if (block.hidesRest) {
      problems.add("encrypted");
      listed = false;
    }
    if (block.kind === "end" || block.hidesRest) break;
    const taken = block.kind === "file" ? takeFile(block.file, members, budget) : [];
    for (const problem of taken) problems.add(problem);
    if (block.kind !== "file") others += 1;
    if (others > MAX_OTHER_BLOCKS) problems.add("partial");
    if (others > MAX_OTHER_BLOCKS || STOPS.some((problem) => taken.includes(problem))) break;
    at = block.end;
  }
  return {
    type: TYPE,
    members,
    listed,
    encrypted: problems.has("encrypted"),
    problem: ORDER.find((problem) => problems.has(problem)),
  };
}

const STOPS: readonly LookProblem[] = ["corrupt", "partial"];

/** Adds a file to the members; gives what is wrong with it. */
function takeFile(
  file: RarFile | undefined,
  members: ContainerMember[],
  budget: LookBudget,
): readonly LookProblem[] {
  if (file === undefined) return ["corrupt"];
  const { member, encrypted, isFolder } = file;
  if (!budget.takeMember(member.names.join("").length)) return ["partial"];
  if (isFolder) return [];
  members.push(member);
  if (encrypted) return ["encrypted"];
  return member.content === undefined && member.size > 0 ? ["unknown-format"] : [];
}

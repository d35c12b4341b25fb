import type { ByteView } from "./byte-view.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { subView } from "./sub-view.ts";
import type { TrueType } from "./true-type.ts";

/** A file in a container. */
export interface ContainerMember {
  /** As stored; several where the container names it more than once. */
  readonly names: readonly string[];
  /** Bytes, unpacked, as declared. */
  readonly size: number;
  /** Its bytes; absent where they stand packed in a way that is not unpacked here. */
  readonly content?: MemberContent;
}

/** Bytes of a member, read when they are asked for. */
export interface MemberContent {
  /** The same, to be read wherever one likes. Absent: it is packed, and comes out at once. */
  readonly view?: ByteView;
  /** The first bytes, at most `length`; "partial": not to be had within the budget. */
  head(length: number, budget: LookBudget): Buffer | "partial";
  /** All of them. */
  whole(budget: LookBudget): Buffer | "partial";
}

/** What a reader of one kind of container found. */
export interface Container {
  readonly type: TrueType;
  readonly members: readonly ContainerMember[];
  /** Its list of members is known. */
  readonly listed: boolean;
  readonly encrypted: boolean;
  readonly problem: LookProblem | undefined;
}

/** Reads a container that begins at the beginning of `file`. Undefined: this is none of that kind. Never throws. */
export type ContainerReader = (file: ByteView, budget: LookBudget) => Container | undefined;

/** The content of a member that stands in the container as it is. */
export function storedContent(file: ByteView, start: number, size: number): MemberContent {
  return {
    view: subView(file, start, size),
    head: (length) => file.read(start, Math.min(size, length)),
    whole: (budget) => (budget.takeUnpacked(size) ? file.read(start, size) : "partial"),
  };
}

/** The content of members that are packed together: unpacked once, when the first of them is asked for. */
export function packedTogether(
  unpack: (budget: LookBudget) => Buffer | "partial",
): (start: number, size: number) => MemberContent {
  let unpacked: Buffer | "partial" | undefined;
  return (start, size) => {
    const whole = (budget: LookBudget): Buffer | "partial" => {
      unpacked ??= unpack(budget);
      return unpacked === "partial" ? unpacked : unpacked.subarray(start, start + size);
    };
    const head = (length: number, budget: LookBudget): Buffer | "partial" => {
      const bytes = whole(budget);
      return bytes === "partial" ? bytes : bytes.subarray(0, length);
    };
    return { head, whole };
  };
}

/** The part of a view that begins at `at`. */
export function viewFrom(file: ByteView, at: number): ByteView {
  if (at === 0) return file;
  return {
    size: Math.max(0, file.size - at),
    read: (start, length) => (start < 0 ? file.read(-1, 0) : file.read(at + start, length)),
  };
}

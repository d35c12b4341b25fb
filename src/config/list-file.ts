import type { ListType } from "../policy/condition.ts";
import type { ListEntries } from "../policy/list-feed.ts";
import type { OnMissing } from "../policy/schema.ts";

/** A file of entries that a rule file names, with how it is to be treated. Plain data. */
export interface ListFile {
  /** Unique: the rule file and the place in it. */
  readonly key: string;
  /** `RuleSource.file` of the rule file. */
  readonly ruleFile: string;
  readonly section: "lists" | "groups";
  readonly name: string;
  readonly type: ListType;
  /** Absolute. */
  readonly path: string;
  /** lines, hosts or csv:N. */
  readonly format: string;
  readonly onMissing: OnMissing;
  /** `refresh: watch`. */
  readonly watched: boolean;
  readonly allowShrink: boolean;
}

/** What was read of a list file at one time. Plain data: tables are shared between threads, not copied. */
export interface ListVersion {
  readonly entries: ListEntries;
  /** Different entries. */
  readonly count: number;
  /** SHA-256 of the file in hex; "" when there was none. */
  readonly digest: string;
  /** Changes whenever the file does: inode, size and times; "" when there was none. */
  readonly stamp: string;
  /** nothing: `on_missing: empty`; copy: `on_missing: last-good` after a restart. */
  readonly from: "file" | "nothing" | "copy";
}

/** Something wrong in a list file. */
export interface ListProblem {
  /** From 1; undefined: the file as a whole. */
  readonly line: number | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

import type { ListFeeds } from "./list-feed.ts";

/** Something wrong in a rule file, at a place that the reader of the YAML can turn into line and column. */
export interface RuleProblem {
  /** `RuleSource.file`. */
  readonly file: string;
  /** Keys and indices from the top of the document; the last one is the key that is wrong. */
  readonly path: readonly (string | number)[];
  /** What is wrong, in one sentence without a full stop. */
  readonly message: string;
  /** What was probably meant, or what to do. */
  readonly hint?: string;
  /** A warning does not keep the rules from being used. */
  readonly severity: "error" | "warning";
}

/** One rule file, read but not yet validated. */
export interface RuleSource {
  /** As it shall be named in problems. */
  readonly file: string;
  /** Name of the pack that the file belongs to; undefined: rules that are always in force. */
  readonly pack: string | undefined;
  /** The document as plain values; null or undefined for a file without content. */
  readonly data: unknown;
  /** What the files of its lists and groups hold; their entries never stand in `data`, since there may be a million. */
  readonly feeds?: ListFeeds;
  /** Line (from 1) at which a path stands, for `RuleReference.line`; without it lines are 0. */
  readonly lineOf?: (path: readonly (string | number)[]) => number;
}

export type RulePath = readonly (string | number)[];

/** Takes the problems found in one file. */
export interface ProblemSink {
  error(path: RulePath, message: string, hint?: string): void;
  warn(path: RulePath, message: string, hint?: string): void;
}

/** Appends what is found in `file` to `problems`. */
export function createProblemSink(file: string, problems: RuleProblem[]): ProblemSink {
  function add(severity: RuleProblem["severity"], path: RulePath, message: string, hint?: string) {
    problems.push({
      file,
      path,
      message,
      ...(hint === undefined ? undefined : { hint }),
      severity,
    });
  }
  return {
    error: (path, message, hint) => add("error", path, message, hint),
    warn: (path, message, hint) => add("warning", path, message, hint),
  };
}

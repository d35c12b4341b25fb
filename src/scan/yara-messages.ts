import type { AnswerFormat } from "./process-frames.ts";

/**
 * What the gateway and a process that runs YARA say to each other. Both ways: frames of four bytes (length, most significant
 * first) and so many bytes of JSON; after a question of kind "scan" follow the bytes to be looked at. One question, one answer.
 */
export type YaraQuestion =
  /** The first question of every process: the rules that it is to use. */
  | { readonly kind: "rules"; readonly sources: readonly YaraSource[] }
  | { readonly kind: "scan"; readonly size: number };

export type YaraAnswer =
  | {
      readonly kind: "compiled";
      /** Of the library: "1.20.0". */
      readonly version: string;
      /** The process can scan only when none of them is an error. */
      readonly problems: readonly YaraProblem[];
    }
  | {
      readonly kind: "scanned";
      /** At most `MAX_MATCHES`; those that are no mere suspicion come first. */
      readonly matches: readonly YaraMatch[];
      /** What the process takes of memory now. */
      readonly residentBytes: number;
    };

/** One file of rules; a rule's name is its own in that file alone. */
export interface YaraSource {
  /** As the operator knows it. */
  readonly file: string;
  readonly text: string;
}

/** A rule that matched. */
export interface YaraMatch {
  readonly file: string;
  readonly rule: string;
  /** Tagged `suspicious`, or `severity = "suspicious"` in its `meta`. */
  readonly suspicious: boolean;
}

/** What the compiler says of a rule file. */
export interface YaraProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
  readonly hint: string | undefined;
  readonly severity: "error" | "warning";
}

/** Of one scan, in an answer. */
export const MAX_MATCHES = 32;

/** The most that one question of kind "scan" brings. */
export const MAX_SCAN_BYTES: number = 32 * 1024 * 1024;

/** The longest answer has a hundred problems of some hundred characters. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** How the answers are read. */
export const YARA_ANSWERS: AnswerFormat<YaraAnswer> = {
  maxBytes: MAX_ANSWER_BYTES,
  isAnswer(value): value is YaraAnswer {
    const answer = value as Partial<YaraAnswer> | null;
    return (
      (answer?.kind === "compiled" && Array.isArray(answer.problems)) ||
      (answer?.kind === "scanned" && Array.isArray(answer.matches))
    );
  },
};

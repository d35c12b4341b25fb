import { displayPath } from "../config/read-file.ts";
import type { ConfigProblem } from "../config/config-problem.ts";
import type { JudgeGiven } from "../config/given.ts";
import type { LoadedList } from "../config/list-files.ts";
import type { ListFile } from "../config/list-file.ts";
import { policyOf } from "../config/load-policy.ts";
import { loadRules, type LoadedRules } from "../config/load-rules.ts";
import { readList, type ListReading } from "../config/read-list.ts";
import { fileProblem } from "../config/read-yaml-file.ts";
import type { WatchPlace } from "../config/watch-places.ts";
import type { ListEntries } from "../policy/list-feed.ts";
import type { RuleSource } from "../policy/rule-problem.ts";

/**
 * What is done beside the SIP thread when rules or lists are read anew: everything but the last step, in which the rules
 * that were found good are compiled and take their place. Jobs and answers are plain data.
 */
export type RulesJob = LoadJob | RefreshJob;

/** Read, validate, compile and test all rules. */
export interface LoadJob {
  readonly kind: "load";
  /** Absolute. */
  readonly paths: readonly string[];
  readonly domains: readonly string[];
  readonly copies: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The lists in force. */
  readonly known: readonly LoadedList[];
  /** Only a look: something seems to have changed. Undefined: somebody asked for a reload. */
  readonly look: LookAt | undefined;
}

export interface LookAt {
  /** Of what was tried last: the same again is not tried again. */
  readonly digest: string;
  /** Rule files in force that hold something; without one of them it is a file half written that was seen. */
  readonly held: readonly string[];
}

/** Read some list files. */
export interface RefreshJob {
  readonly kind: "refresh";
  readonly lists: readonly LoadedList[];
  readonly copies: string;
  readonly allowShrink: boolean;
}

/** Rules that are good, to be compiled where they are used. */
export interface GoodRules {
  readonly sources: readonly PlainSource[];
  readonly lists: readonly LoadedList[];
  readonly warnings: readonly ConfigProblem[];
}

/** A `RuleSource` without its functions. */
export interface PlainSource {
  readonly file: string;
  readonly pack: string | undefined;
  readonly data: unknown;
  readonly feeds: readonly (readonly [string, ListEntries])[];
  /** Line of each rule. */
  readonly ruleLines: readonly number[];
}

export type RulesAnswer =
  | { readonly kind: "unchanged"; readonly places: readonly WatchPlace[] }
  | {
      readonly kind: "good";
      readonly rules: GoodRules;
      readonly digest: string;
      readonly places: readonly WatchPlace[];
    }
  | {
      readonly kind: "bad";
      readonly problems: readonly ConfigProblem[];
      /** Undefined: it did not come so far. */
      readonly digest: string | undefined;
      readonly places: readonly WatchPlace[] | undefined;
    }
  | { readonly kind: "read"; readonly readings: readonly (readonly [ListFile, ListReading])[] };

/** Does the job. */
export function runRulesJob(job: RulesJob, judgeGiven: JudgeGiven): RulesAnswer {
  if (job.kind === "refresh") {
    const { copies, allowShrink } = job;
    return {
      kind: "read",
      readings: job.lists.map(({ file, version }) => [
        file,
        readList(file, { known: version, copies, allowShrink }),
      ]),
    };
  }
  const { known, copies, look, domains, now } = job;
  const rules = loadRules(job.paths, { known, trustKnown: look !== undefined, copies });
  const { digest, places } = rules;
  if (look?.digest === digest) return { kind: "unchanged", places };
  const missing = look === undefined ? [] : missingOf(look.held, rules);
  if (missing.length > 0) return { kind: "bad", problems: missing, digest, places };
  const loaded = policyOf(rules, domains, { generation: 0, judgeGiven, now });
  if (!loaded.ok) return { kind: "bad", problems: loaded.problem, digest, places };
  const good = {
    sources: rules.sources.map(plainSource),
    lists: rules.lists,
    warnings: loaded.value.warnings,
  };
  return { kind: "good", rules: good, digest, places };
}

/** A file without content is a valid rule file, and what a file that is being written looks like at first. */
function missingOf(held: readonly string[], rules: LoadedRules): readonly ConfigProblem[] {
  const now = new Set(heldBy(rules.sources));
  // A file that cannot be read is a problem with a better name.
  const named = new Set(rules.problems.map((problem) => problem.file));
  return held
    .filter((file) => !now.has(file) && !named.has(file))
    .map((file) => {
      const message = `${displayPath(file)} is gone or empty, its rules stay in force`;
      return fileProblem(file, message, "sluice reload puts the others in force without it");
    });
}

/** The rule files that hold something. */
export function heldBy(sources: readonly Pick<RuleSource, "file" | "data">[]): readonly string[] {
  return sources
    .filter(({ data }) => data !== null && data !== undefined)
    .map((source) => source.file);
}

/** What a rule source is on the other side. */
export function plainSource(source: RuleSource): PlainSource {
  const { file, pack, data, feeds, lineOf } = source;
  const rules = (data as { rules?: unknown } | null | undefined)?.rules;
  const count = Array.isArray(rules) ? rules.length : 0;
  return {
    file,
    pack,
    data,
    feeds: [...(feeds ?? [])].map(([key, feed]) => [key, feed.current]),
    ruleLines: Array.from({ length: count }, (_, index) => lineOf?.(["rules", index]) ?? 0),
  };
}

/** And back: with feeds of its own, and lines of rules alone. */
export function sourceOf({ file, pack, data, feeds, ruleLines }: PlainSource): RuleSource {
  return {
    file,
    pack,
    data,
    feeds: new Map(feeds.map(([key, current]) => [key, { current }])),
    lineOf: ([section, index]) => (section === "rules" ? (ruleLines[Number(index)] ?? 0) : 0),
  };
}

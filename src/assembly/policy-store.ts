import { join } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import type { Clock } from "../base/clock.ts";
import { createTurns } from "../base/turns.ts";
import type { Config } from "../config/config.ts";
import type { ConfigProblem } from "../config/config-problem.ts";
import type { JudgeGiven } from "../config/given.ts";
import type { ListFile } from "../config/list-file.ts";
import type { LoadedList } from "../config/list-files.ts";
import { loadPolicy } from "../config/load-policy.ts";
import type { ListReading } from "../config/read-list.ts";
import { fileProblem } from "../config/read-yaml-file.ts";
import type { LoadedRules } from "../config/load-rules.ts";
import type { WatchPlace } from "../config/watch-places.ts";
import { compilePolicy } from "../policy/compile.ts";
import type { Policy } from "../policy/decision.ts";
import { ListBook, type ListChange, type ListStatus } from "./list-book.ts";
import type { RulesDesk } from "./rules-desk.ts";
import { heldBy, sourceOf, type GoodRules, type RulesAnswer } from "./rules-job.ts";

/**
 * The rules in force. A reload reads and tests everything anew, beside the SIP thread, and swaps the whole policy, or changes
 * nothing: a bad rule file never takes effect, and never stops a running gateway (DESIGN invariant 7). What asks for
 * the same at the same time is done one after the other, so that the newest files win.
 */
export interface PolicyStore {
  readonly current: Policy;
  /** What was odd, but no error, in the rules that it started with. */
  readonly firstWarnings: readonly ConfigProblem[];
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
  readonly lastFailure: ReloadFailure | undefined;
  readonly lists: readonly ListStatus[];
  readonly counters: Readonly<RulesCounters>;
  /** Where a change of the rules or of watched lists would be seen. */
  readonly places: readonly WatchPlace[];
  /** Gives the warnings of the new rules, or the problems for which the old ones stay. */
  reload(): Promise<ReloadResult>;
  /** Something has changed: reloads when it is a rule file. Undefined: it is not. */
  look(): Promise<ReloadResult | undefined>;
  /** Reads list files again and compiles nothing. */
  refresh(which: RefreshOf): Promise<readonly ListChange[]>;
}

export type ReloadResult = Result<
  { readonly warnings: readonly ConfigProblem[] },
  readonly ConfigProblem[]
>;

export interface RefreshOf {
  /** Names; undefined: all of them. */
  readonly names?: readonly string[] | undefined;
  /** Only those with `refresh: watch`. */
  readonly watched?: boolean;
  /** Take files that have lost more than half of their entries. */
  readonly allowShrink?: boolean;
}

/** Since the start. */
export interface RulesCounters {
  reloads: number;
  failedReloads: number;
  /** Lists that changed while the rules stayed. */
  listRefreshes: number;
  /** Files of lists that were not taken. */
  listRefusals: number;
}

export interface ReloadFailure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly problems: readonly ConfigProblem[];
}

export interface PolicyStoreDeps {
  readonly clock: Clock;
  readonly judgeGiven: JudgeGiven;
  readonly desk: RulesDesk;
}

/** Loads the rules for the first time, on the spot; without good ones there is no gateway. */
export function createPolicyStore(
  config: Pick<Config, "rules" | "domains" | "data">,
  deps: PolicyStoreDeps,
): Result<PolicyStore, readonly ConfigProblem[]> {
  const { clock, judgeGiven } = deps;
  const copies = join(config.data.dir, "lists");
  const first = loadPolicy(config, { generation: 1, judgeGiven, now: clock.now(), copies });
  if (!first.ok) return failed(first.problem);
  const { policy, warnings, rules } = first.value;
  const store = new RulesInForce(deps, config, { policy, warnings });
  store.begin(rules);
  return ok(store);
}

class RulesInForce implements PolicyStore {
  current: Policy;
  readonly firstWarnings: readonly ConfigProblem[];
  loadedAt: number;
  lastFailure: ReloadFailure | undefined;
  places: readonly WatchPlace[] = [];
  readonly counters: RulesCounters = {
    reloads: 0,
    failedReloads: 0,
    listRefreshes: 0,
    listRefusals: 0,
  };
  readonly #deps: PolicyStoreDeps;
  readonly #config: Pick<Config, "rules" | "domains" | "data">;
  readonly #copies: string;
  readonly #turns = createTurns();
  readonly #lists = new ListBook();
  /** Of the files that were tried last, good or bad. */
  #digest = "";
  #held: readonly string[] = [];

  constructor(
    deps: PolicyStoreDeps,
    config: Pick<Config, "rules" | "domains" | "data">,
    first: { readonly policy: Policy; readonly warnings: readonly ConfigProblem[] },
  ) {
    this.#deps = deps;
    this.#config = config;
    this.#copies = join(config.data.dir, "lists");
    this.current = first.policy;
    this.firstWarnings = first.warnings;
    this.loadedAt = deps.clock.now();
  }

  /** Takes what the first load found beside the policy. */
  begin({ sources, lists, digest, places }: LoadedRules): void {
    this.#lists.replace(lists, sources, this.#deps.clock.now());
    this.#digest = digest;
    this.#held = heldBy(sources);
    this.places = places;
  }

  get lists(): readonly ListStatus[] {
    return this.#lists.statuses;
  }

  async reload(): Promise<ReloadResult> {
    return this.#turns.take("reload", async () => {
      const answer = await this.#load(false);
      return this.#take(answer) ?? ok({ warnings: [] });
    });
  }

  async look(): Promise<ReloadResult | undefined> {
    return this.#turns.take("look", async () => this.#take(await this.#load(true)));
  }

  async refresh(which: RefreshOf): Promise<readonly ListChange[]> {
    const { names, watched, allowShrink = false } = which;
    return this.#turns.take(`refresh ${JSON.stringify(which)}`, async () => {
      const lists = this.#lists.known.filter(
        ({ file }) =>
          (names === undefined || names.includes(file.name)) && (watched !== true || file.watched),
      );
      if (lists.length === 0) return [];
      const job = { kind: "refresh", lists, copies: this.#copies, allowShrink } as const;
      const readings = readingsOf(await this.#deps.desk.ask(job), lists);
      const changes = this.#lists.take(readings, this.#deps.clock.now());
      for (const { outcome, isNews } of changes) {
        if (outcome === "new") this.counters.listRefreshes += 1;
        else if (outcome !== "same" && isNews) this.counters.listRefusals += 1;
      }
      return changes;
    });
  }

  async #load(isLook: boolean): Promise<RulesAnswer> {
    return this.#deps.desk.ask({
      kind: "load",
      paths: this.#config.rules,
      domains: this.#config.domains,
      copies: this.#copies,
      now: this.#deps.clock.now(),
      known: this.#lists.known,
      look: isLook ? { digest: this.#digest, held: this.#held } : undefined,
    });
  }

  /** Undefined: the rules are as they were. */
  #take(answer: RulesAnswer): ReloadResult | undefined {
    if (answer.kind === "read") return undefined;
    this.places = answer.places ?? this.places;
    if (answer.kind === "unchanged") return undefined;
    this.#digest = answer.digest ?? "";
    if (answer.kind === "bad") return this.#fail(answer.problems);
    return this.#putInForce(answer.rules);
  }

  #putInForce(rules: GoodRules): ReloadResult {
    const { clock } = this.#deps;
    const sources = rules.sources.map(sourceOf);
    const compiled = compilePolicy(sources, {
      domains: this.#config.domains,
      generation: this.current.generation + 1,
      now: clock.now(),
      checked: true,
    });
    // The same was compiled beside; a problem here is one of ours.
    if (!compiled.ok) {
      return this.#fail(
        compiled.problem.map((one) => fileProblem(one.file, one.message, one.hint)),
      );
    }
    this.current = compiled.value;
    this.loadedAt = clock.now();
    this.lastFailure = undefined;
    this.counters.reloads += 1;
    this.#held = heldBy(sources);
    this.#lists.replace(rules.lists, sources, clock.now());
    return ok({ warnings: rules.warnings });
  }

  #fail(problems: readonly ConfigProblem[]): ReloadResult {
    this.lastFailure = { at: this.#deps.clock.now(), problems };
    this.counters.failedReloads += 1;
    return failed(problems);
  }
}

/** Of a job that came to nothing, every list has failed. */
function readingsOf(
  answer: RulesAnswer,
  lists: readonly LoadedList[],
): readonly (readonly [ListFile, ListReading])[] {
  if (answer.kind === "read") return answer.readings;
  const why = answer.kind === "bad" ? answer.problems[0]?.message : undefined;
  const problem = {
    line: undefined,
    message: `was not read: ${why ?? "no answer"}`,
    hint: undefined,
  };
  return lists.map(({ file }) => [file, { kind: "failed", problems: [problem] }]);
}

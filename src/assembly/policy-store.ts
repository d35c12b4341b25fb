import { join } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import type { ConfigProblem } from "../config/config-problem.ts";
import type { JudgeGiven } from "../config/given.ts";
import { loadPolicy, type LoadedPolicy } from "../config/load-policy.ts";
import type { Policy } from "../policy/decision.ts";

/**
 * The rules in force. A reload reads and tests everything anew and swaps the whole policy, or changes nothing: a bad
 * rule file never takes effect, and never stops a running gateway (DESIGN invariant 7).
 */
export interface PolicyStore {
  readonly current: Policy;
  /** What was odd, but no error, in the rules that it started with. */
  readonly firstWarnings: readonly ConfigProblem[];
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
  readonly lastFailure: ReloadFailure | undefined;
  /** Gives the warnings of the new rules, or the problems for which the old ones stay. */
  reload(): Result<LoadedPolicy, readonly ConfigProblem[]>;
}

export interface ReloadFailure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly problems: readonly ConfigProblem[];
}

/** Loads the rules for the first time; without good ones there is no gateway. */
export function createPolicyStore(
  config: Config,
  judgeGiven: JudgeGiven,
  clock: Clock,
): Result<PolicyStore, readonly ConfigProblem[]> {
  const copies = join(config.data.dir, "lists");
  const load = (generation: number): Result<LoadedPolicy, readonly ConfigProblem[]> =>
    loadPolicy(config, { generation, judgeGiven, now: clock.now(), copies });
  const first = load(1);
  if (!first.ok) return failed(first.problem);
  let current = first.value.policy;
  let loadedAt = clock.now();
  let lastFailure: ReloadFailure | undefined;
  return ok({
    firstWarnings: first.value.warnings,
    get current() {
      return current;
    },
    get loadedAt() {
      return loadedAt;
    },
    get lastFailure() {
      return lastFailure;
    },
    reload() {
      const loaded = load(current.generation + 1);
      if (loaded.ok) {
        current = loaded.value.policy;
        loadedAt = clock.now();
        lastFailure = undefined;
      } else {
        lastFailure = { at: clock.now(), problems: loaded.problem };
      }
      return loaded;
    },
  });
}

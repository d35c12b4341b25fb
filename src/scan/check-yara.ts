import { failed, ok, type Result } from "../base/result.ts";
import type { ProcessDeps } from "./asked-process.ts";
import type { YaraProblem, YaraSource } from "./yara-messages.ts";
import { YaraPool } from "./yara-pool.ts";
import { yaraRules } from "./yara-rules.ts";

/**
 * Compiles rules in a process of its own, which ends then. The value: errors and warnings of the compiler, as they were found; the
 * problem: why they could not be compiled at all, in words.
 */
export async function checkYara(
  deps: ProcessDeps,
  sources: readonly YaraSource[],
): Promise<Result<readonly YaraProblem[], string>> {
  const pool = new YaraPool(deps, yaraRules(sources), 1);
  const taken = await pool.take(new AbortController().signal);
  pool.close();
  if (taken.ok) return ok(taken.value.readiness.problems);
  return typeof taken.problem === "string" ? failed(taken.problem) : ok(taken.problem);
}

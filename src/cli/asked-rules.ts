import { resolve } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import type { Config } from "../config/config.ts";
import { findConfig } from "../config/find-config.ts";
import { formatProblems } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import { loadPolicy, type LoadedPolicy } from "../config/load-policy.ts";
import { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** The configuration, and the rules that a command asks offline. */
export interface AskedRules {
  readonly config: Config;
  readonly loaded: LoadedPolicy;
}

/** Which rules, and as of when. */
export interface AskedFor {
  /** `--config` */
  readonly config: string | undefined;
  /** `--rules`: in place of the configuration's. */
  readonly rules?: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Reads them without their tests; what is wrong with them is printed, and the exit code says so. */
export function loadAskedRules(
  terminal: Terminal,
  { config: path, rules, now }: AskedFor,
): Result<AskedRules, ExitCode> {
  const config = loadConfig(findConfig(path));
  if (!config.ok) {
    terminal.stderr.write(formatProblems(config.problem, "text"));
    return failed(ExitCode.Bad);
  }
  const asked = rules?.map((one) => resolve(one)) ?? config.value.rules;
  const loaded = loadPolicy(
    { rules: asked, domains: config.value.domains },
    { generation: 1, judgeGiven: undefined, now },
  );
  if (loaded.ok) return ok({ config: config.value, loaded: loaded.value });
  terminal.stderr.write(formatProblems(loaded.problem, "text"));
  return failed(ExitCode.Bad);
}

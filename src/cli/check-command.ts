import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { sortProblems, type ConfigProblem } from "../config/config-problem.ts";
import type { Config } from "../config/config.ts";
import { findConfig } from "../config/find-config.ts";
import { formatProblems, type ProblemFormat } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import { loadPolicy } from "../config/load-policy.ts";
import type { CliDeps } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";

export interface CheckOptions {
  readonly config: string | undefined;
  readonly format: ProblemFormat;
  /** Run the inline tests. */
  readonly tests: boolean;
  /** Warnings count as errors. */
  readonly strict: boolean;
}

interface Checked {
  readonly problems: readonly ConfigProblem[];
  readonly rules: number;
  readonly tests: number;
}

/**
 * `sluice check`: the configuration and its rules, or the files and folders named, offline. A named file that holds
 * `listen:` or `upstream:` at its left edge is a configuration, any other is rules.
 */
export function checkFiles(
  deps: CliDeps,
  paths: readonly string[],
  options: CheckOptions,
): ExitCode {
  const checked =
    paths.length === 0
      ? [checkConfig(deps, findConfig(options.config), options)]
      : checkPaths(deps, paths, options);
  const problems = sortProblems(checked.flatMap((one) => one.problems));
  deps.terminal.stdout.write(formatProblems(problems, options.format));
  const code = exitCodeOf(problems, options.strict);
  if (options.format === "text" && code === ExitCode.Success) {
    const rules = checked.reduce((sum, one) => sum + one.rules, 0);
    const tests = checked.reduce((sum, one) => sum + one.tests, 0);
    const ran = options.tests ? `${counted(tests, "inline test")} passed` : "inline tests not run";
    deps.terminal.stdout.write(`ok: ${counted(rules, "rule")}, ${ran}\n`);
  }
  return code;
}

function checkPaths(
  deps: CliDeps,
  paths: readonly string[],
  options: CheckOptions,
): readonly Checked[] {
  const configs = paths.filter(isConfigFile);
  const rules = paths.filter((path) => !isConfigFile(path)).map((path) => resolve(path));
  const checked = configs.map((path) => checkConfig(deps, path, options));
  if (rules.length === 0) return checked;
  // Rules speak of directions, which depend on whose domains are ours.
  const config = loadConfig(findConfig(options.config));
  const domains = config.ok ? config.value.domains : [];
  return [...checked, checkRules(deps, { rules, domains }, options)];
}

function checkConfig(deps: CliDeps, path: string, options: CheckOptions): Checked {
  const config = loadConfig(path);
  if (!config.ok) return { problems: config.problem, rules: 0, tests: 0 };
  const rules = checkRules(deps, config.value, options);
  return { ...rules, problems: [...config.value.warnings, ...rules.problems] };
}

function checkRules(
  deps: CliDeps,
  what: Pick<Config, "rules" | "domains">,
  options: CheckOptions,
): Checked {
  const loaded = loadPolicy(what, {
    generation: 1,
    judgeGiven: options.tests ? deps.judgeGiven : undefined,
    now: systemClock.now(),
  });
  if (!loaded.ok) return { problems: loaded.problem, rules: 0, tests: 0 };
  const { policy, warnings, testCount } = loaded.value;
  return { problems: warnings, rules: policy.rules.length, tests: testCount };
}

function isConfigFile(path: string): boolean {
  try {
    return /^(?:listen|upstream)[ \t]*:/m.test(readFileSync(path, "utf8"));
  } catch {
    // A folder, or nothing at all: the reader of rules says what is wrong.
    return false;
  }
}

function exitCodeOf(problems: readonly ConfigProblem[], strict: boolean): ExitCode {
  const bad = problems.filter((problem) => strict || problem.severity === "error");
  if (bad.some((problem) => problem.kind === "invalid")) return ExitCode.Bad;
  return bad.length > 0 ? ExitCode.TestsFailed : ExitCode.Success;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { sortProblems, type ConfigProblem } from "../config/config-problem.ts";
import type { Config } from "../config/config.ts";
import { findConfig } from "../config/find-config.ts";
import { formatProblems, type ProblemFormat } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import { loadPolicy, type LoadedPolicy } from "../config/load-policy.ts";
import { coverageText, phasesText, scanText } from "./check-report.ts";
import type { CliDeps } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";

export interface CheckOptions {
  readonly config: string | undefined;
  readonly format: ProblemFormat;
  /** Run the inline tests. */
  readonly tests: boolean;
  /** Warnings count as errors. */
  readonly strict: boolean;
  /** Which rules and exceptions the inline tests reach; what they do not is a warning. */
  readonly coverage: boolean;
  /** Print the rules in their order, each with its phases. */
  readonly phases: boolean;
}

interface Checked {
  readonly problems: readonly ConfigProblem[];
  /** Undefined: they cannot be put in force. */
  readonly loaded?: LoadedPolicy;
  /** Undefined when rule files alone were checked. */
  readonly scan?: Config["scan"];
}

/**
 * `sluice check`: the configuration and its rules, or the files and folders named, offline. A named file that holds
 * `listen:` or `upstream:` at its left edge is a configuration, one whose name ends in `.yar` or `.yara` holds YARA rules, any
 * other is rules.
 */
export async function checkFiles(
  deps: CliDeps,
  paths: readonly string[],
  options: CheckOptions,
): Promise<ExitCode> {
  const checked =
    paths.length === 0
      ? [await checkConfig(deps, findConfig(options.config), options)]
      : await checkPaths(deps, paths, options);
  const problems = sortProblems(checked.flatMap((one) => one.problems));
  deps.terminal.stdout.write(formatProblems(problems, options.format));
  const code = exitCodeOf(problems, options.strict);
  if (paths.length > 0 && code === ExitCode.Bad) deps.terminal.stderr.write(NAMED_ALONE);
  if (options.format !== "text") return code;
  deps.terminal.stdout.write(checked.map((one) => reportOf(one, options)).join(""));
  if (code === ExitCode.Success) {
    const loaded = checked.flatMap((one) => one.loaded ?? []);
    const rules = loaded.reduce((sum, one) => sum + one.policy.rules.length, 0);
    const tests = loaded.reduce((sum, one) => sum + one.testCount, 0);
    const ran = options.tests ? `${counted(tests, "inline test")} passed` : "inline tests not run";
    deps.terminal.stdout.write(`ok: ${counted(rules, "rule")}, ${ran}\n`);
  }
  return code;
}

/** One's own file mostly speaks of rules and lists of the shipped ones. */
const NAMED_ALONE =
  "sluice check: only what was named was read; without names, all that the configuration reads is checked together\n";

/** What is in force beside the rules, and the tables that were asked for. */
function reportOf({ loaded, scan }: Checked, options: CheckOptions): string {
  if (loaded === undefined) return "";
  const { policy, unusedPacks, coverage } = loaded;
  return [
    scan === undefined ? "" : scanText(scan),
    unusedPacks.length === 0 ? "" : `packs that no policy uses: ${unusedPacks.join(", ")}\n`,
    options.phases ? phasesText(policy.rules) : "",
    coverage === undefined ? "" : coverageText(coverage),
  ].join("");
}

async function checkPaths(
  deps: CliDeps,
  paths: readonly string[],
  options: CheckOptions,
): Promise<readonly Checked[]> {
  const yara = paths.filter((path) => /\.yara?$/.test(path));
  const others = paths.filter((path) => !yara.includes(path));
  const configs = others.filter(isConfigFile);
  const rules = others.filter((path) => !isConfigFile(path)).map((path) => resolve(path));
  const checked: Checked[] = [];
  for (const path of configs) checked.push(await checkConfig(deps, path, options));
  if (yara.length > 0) {
    const named = yara.map((path) => resolve(path));
    checked.push({ problems: await deps.checkYaraRules(named) });
  }
  if (rules.length === 0) return checked;
  // Rules speak of directions, which depend on whose domains are ours.
  const config = loadConfig(findConfig(options.config));
  const domains = config.ok ? config.value.domains : [];
  return [...checked, checkRules(deps, { rules, domains }, options)];
}

async function checkConfig(deps: CliDeps, path: string, options: CheckOptions): Promise<Checked> {
  const config = loadConfig(path);
  if (!config.ok) return { problems: config.problem };
  const rules = checkRules(deps, config.value, options);
  const ofEngines = await deps.checkYaraRules(config.value);
  const problems = [...config.value.warnings, ...rules.problems, ...ofEngines];
  return { ...rules, problems, scan: config.value.scan };
}

function checkRules(
  deps: CliDeps,
  what: Pick<Config, "rules" | "domains">,
  options: CheckOptions,
): Checked {
  const loaded = loadPolicy(what, {
    generation: 1,
    judgeGiven: options.tests ? deps.judgeGiven : undefined,
    coverage: options.coverage,
    now: systemClock.now(),
  });
  if (!loaded.ok) return { problems: loaded.problem };
  return { problems: loaded.value.warnings, loaded: loaded.value };
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

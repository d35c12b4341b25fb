import { resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { createProblemSink, type RuleProblem } from "../policy/rule-problem.ts";
import { parseConfigData } from "./config-schema.ts";
import { reportConfigIssue } from "./config-issues.ts";
import { sortProblems, type ConfigProblem } from "./config-problem.ts";
import type { Config } from "./config.ts";
import { readConfig, type ReadConfig } from "./read-config.ts";
import { readYamlFile } from "./read-yaml-file.ts";

/**
 * Reads sluice.yaml, and the files with secrets that it names: all of its problems at once, each with its place, or a
 * configuration that is complete. `nowMs` (wall clock) is for warnings about certificates.
 *
 * It does not read the rules (load-policy.ts), opens no sockets, looks up no names and makes no folders.
 */
export function loadConfig(
  path: string,
  nowMs: number = systemClock.now(),
): Result<Config, readonly ConfigProblem[]> {
  const file = resolve(path);
  const yaml = readYamlFile(file);
  if (!yaml.ok) return failed(sortProblems(yaml.problem.map(withAdvice)));
  const found: RuleProblem[] = [];
  const sink = createProblemSink(yaml.value.name, found);
  const data = yaml.value.data ?? {};
  const parsed = parseConfigData(data);
  let config: ReadConfig | undefined;
  if (parsed.success) config = readConfig(parsed.data, { file, nowMs }, sink);
  else for (const issue of parsed.error.issues) reportConfigIssue(issue, data, sink);
  const problems = sortProblems(
    found.map((problem) => yaml.value.problemAt(problem.path, problem)),
  );
  const isGood = problems.every((problem) => problem.severity === "warning");
  return config !== undefined && isGood ? ok({ ...config, warnings: problems }) : failed(problems);
}

/** Who has no configuration yet needs another word than who has misspelt a path. */
function withAdvice(problem: ConfigProblem): ConfigProblem {
  if (!problem.message.endsWith("does not exist")) return problem;
  const hint = "name the file with --config, or write one (docs/configuration.md)";
  return { ...problem, hint };
}

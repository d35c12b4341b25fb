import type { Clock } from "../base/clock.ts";
import { sortProblems, type ConfigProblem } from "../config/config-problem.ts";
import type { ScanConfig } from "../config/config.ts";
import { displayPath } from "../config/read-file.ts";
import { readYaraRuleFiles } from "../config/yara-rule-files.ts";
import { checkYara } from "../scan/check-yara.ts";
import type { YaraProblem, YaraSource } from "../scan/yara-messages.ts";

/** What is wrong with the YARA rules that a configuration names, or odd, each at its place. Nothing where it names none. */
export async function checkScanRules(
  { engines }: Pick<ScanConfig, "engines">,
  clock: Clock,
): Promise<readonly ConfigProblem[]> {
  const paths = engines.flatMap((engine) => (engine.type === "yara" ? engine.rules : []));
  return paths.length === 0 ? [] : checkYaraRules(paths, clock);
}

/** The same of files and folders of YARA rules. */
export async function checkYaraRules(
  paths: readonly string[],
  clock: Clock,
): Promise<readonly ConfigProblem[]> {
  const read = readYaraRuleFiles(paths);
  if (!read.ok) {
    return read.problem.map(({ index, message, hint }) =>
      problemAt({ file: displayPath(paths[index] ?? ""), message, hint }, undefined),
    );
  }
  const checked = await checkYara({ clock }, read.value);
  if (!checked.ok) {
    const file = displayPath(paths[0] ?? "");
    return [problemAt({ file, message: checked.problem, hint: undefined }, undefined)];
  }
  const texts = new Map(read.value.map(({ file, text }: YaraSource) => [file, text]));
  return sortProblems(checked.value.map((problem) => problemAt(problem, texts.get(problem.file))));
}

function problemAt(
  problem: Pick<YaraProblem, "file" | "message" | "hint"> & Partial<YaraProblem>,
  text: string | undefined,
): ConfigProblem {
  const { file, line = 1, column = 1, message, hint, severity = "error" } = problem;
  const sourceLine = text?.split("\n")[line - 1]?.replace(/\r$/, "");
  return { file, line, column, message, hint, severity, kind: "invalid", sourceLine };
}

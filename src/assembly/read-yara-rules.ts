import { failed, type Result } from "../base/result.ts";
import { readYaraRuleFiles, type YaraRuleFile } from "../config/yara-rule-files.ts";

/** Files of YARA rules as an engine reads them; the problems are sentences. */
export function readYaraRules(
  paths: readonly string[],
): Result<readonly YaraRuleFile[], readonly string[]> {
  const read = readYaraRuleFiles(paths);
  return read.ok ? read : failed(read.problem.map(({ message }) => message));
}

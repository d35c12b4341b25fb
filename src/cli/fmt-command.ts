import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { findConfig } from "../config/find-config.ts";
import { formatRuleFile } from "../config/format-rule-file.ts";
import { formatProblems } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import { displayPath } from "../config/read-file.ts";
import { readYamlFile } from "../config/read-yaml-file.ts";
import { replaceFile } from "../config/replace-file.ts";
import { ruleAndPackPaths, ruleFilePaths } from "../config/rule-file-paths.ts";
import type { CliDeps } from "./cli-deps.ts";
import type { Wiring } from "./command-wiring.ts";
import { ExitCode } from "./exit-code.ts";
import { safeText } from "./safe-text.ts";

/** `sluice fmt [PATH…] [--check]` */
export function addFmt(program: Command, { deps, outcome, common }: Wiring): void {
  program
    .command("fmt [path...]")
    .description("put rule files into their canonical form; comments and values stay")
    .option("--check", "change nothing; 1 when a file is not in its canonical form")
    .action((paths: readonly string[], { check = false }: { check?: boolean }) => {
      outcome.code = formatFiles(deps, paths, { check, config: common().config });
    });
}

/**
 * Formats the files named (a folder: its own `*.yaml`), or those that the configuration reads with their packs. A file that is not
 * valid YAML, or would not come out the same, is left alone, and the exit code is 1.
 */
function formatFiles(
  deps: CliDeps,
  paths: readonly string[],
  options: { readonly check: boolean; readonly config: string | undefined },
): ExitCode {
  const { stdout, stderr } = deps.terminal;
  const files = filesToFormat(deps, paths, options.config);
  if (files === undefined) return ExitCode.Bad;
  let code: ExitCode = ExitCode.Success;
  for (const file of files) {
    const change = changeOf(file);
    if (change.kind === "refused") {
      stderr.write(change.problems);
      code = ExitCode.Bad;
    } else if (change.kind === "changed") {
      const name = safeText(displayPath(resolve(file)));
      const failure = options.check ? undefined : failureOf(file, change.text);
      if (options.check || failure !== undefined) code = ExitCode.Bad;
      if (failure === undefined) stdout.write(`${name}\n`);
      else stderr.write(`sluice fmt: ${name} is as it was: ${safeText(failure)}\n`);
    }
  }
  return code;
}

/** Why the file could not be replaced; undefined: it was. */
function failureOf(file: string, content: string): string | undefined {
  try {
    replaceFile(file, content);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Change =
  | { readonly kind: "same" }
  | { readonly kind: "changed"; readonly text: string }
  | { readonly kind: "refused"; readonly problems: string };

function changeOf(file: string): Change {
  const path = resolve(file);
  // Reads with all the care that a rule file needs (no pipes, no folders, bounded), and says what is wrong with its place.
  const yaml = readYamlFile(path);
  if (!yaml.ok) return { kind: "refused", problems: formatProblems(yaml.problem, "text") };
  const bytes = readFileSync(path);
  const formatted = formatRuleFile(bytes);
  if (formatted.ok) {
    const same = bytes.equals(Buffer.from(formatted.value, "utf8"));
    return same ? { kind: "same" } : { kind: "changed", text: formatted.value };
  }
  const problems = formatted.problem.map((problem) =>
    yaml.value.problemAt([], { message: problem.message, hint: problem.hint }),
  );
  return { kind: "refused", problems: formatProblems(problems, "text") };
}

function filesToFormat(
  deps: CliDeps,
  paths: readonly string[],
  configPath: string | undefined,
): readonly string[] | undefined {
  if (paths.length > 0) return ruleFilePaths(paths);
  const config = loadConfig(findConfig(configPath));
  if (config.ok) return ruleAndPackPaths(config.value.rules);
  deps.terminal.stderr.write(formatProblems(config.problem, "text"));
  return undefined;
}

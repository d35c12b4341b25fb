import { type Command, Option } from "commander";
import { PROBLEM_FORMATS, type ProblemFormat } from "../config/format-problem.ts";
import { checkFiles } from "./check-command.ts";
import type { Wiring } from "./command-wiring.ts";

/** `sluice check [PATH…]` */
export function addCheck(program: Command, { deps, outcome, common }: Wiring): void {
  interface Options {
    readonly format: ProblemFormat;
    readonly tests: boolean;
    readonly strict?: boolean;
    readonly coverage?: boolean;
    readonly phases?: boolean;
  }
  program
    .command("check [path...]")
    .description("check configuration and rule files and run their inline tests, offline")
    .addOption(new Option("--format <format>").choices(PROBLEM_FORMATS).default("text"))
    .addOption(new Option("--no-tests", "leave out the inline tests").conflicts("coverage"))
    .option("--coverage", "which rules and exceptions the inline tests reach")
    .option("--phases", "print the rules in their order with the phases of each")
    .option("--strict", "warnings count as errors")
    .action(async (paths: readonly string[], options: Options) => {
      const { format, tests, strict = false, coverage = false, phases = false } = options;
      const { config } = common();
      const asked = { config, format, tests, strict, coverage, phases };
      outcome.code = await checkFiles(deps, paths, asked);
    });
}

import { findConfig } from "../config/find-config.ts";
import { formatProblems } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import { createAdminClient } from "./admin-client.ts";
import type { CliDeps } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { outputFormat, type OutputFormat } from "./print.ts";

/** Commander's handlers return nothing; the command that ran leaves its code here. */
export interface Outcome {
  code: ExitCode;
}

/** The options of every command. */
export interface CommonOptions {
  readonly config?: string;
  readonly output?: OutputFormat;
}

/** What a command is given when it is put into the program. */
export interface Wiring {
  readonly deps: CliDeps;
  readonly outcome: Outcome;
  readonly common: () => CommonOptions;
}

/** Runs a command that needs the running gateway, found by the configuration's `admin.socket`. */
export async function asking(
  { deps, common }: Wiring,
  command: (context: AskContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { terminal } = deps;
  const { config: path, output } = common();
  const config = loadConfig(findConfig(path));
  if (!config.ok) {
    terminal.stderr.write(formatProblems(config.problem, "text"));
    return ExitCode.Bad;
  }
  const client = createAdminClient(config.value.admin.socket);
  return command({ terminal, client, format: outputFormat(terminal, output) });
}

import { Command, CommanderError, Option } from "commander";
import { CodedError } from "../base/coded-error.ts";
import { configJsonSchema } from "../config/config-schema.ts";
import { findConfig } from "../config/find-config.ts";
import { formatProblems, PROBLEM_FORMATS, type ProblemFormat } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import { eventJsonSchema } from "../journal/event-schema.ts";
import { ruleFileJsonSchema } from "../policy/schema.ts";
import { AdminRequestFailed, createAdminClient } from "./admin-client.ts";
import { checkFiles } from "./check-command.ts";
import type { CliDeps } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";
import {
  listRules,
  reloadRules,
  showHealth,
  showRulesStatus,
  showStats,
} from "./gateway-commands.ts";
import {
  type AskContext,
  explainIncident,
  listIncidents,
  type ListOptions,
  showIncident,
} from "./incident-commands.ts";
import { OUTPUT_FORMATS, outputFormat, type OutputFormat } from "./print.ts";
import { runGateway } from "./run-command.ts";
import { safeJson } from "./safe-text.ts";
import { tryMessage, type TryOptions } from "./try-command.ts";

/**
 * The command line: arguments to one command, whose exit code it resolves to (exit-code.ts, DESIGN §6). It never ends
 * the process. Commands that ask a running gateway go through its admin socket; `check`, `try` and `schema` are offline.
 * What it does not do yet: release, deny, follow, export, quarantine, doctor, init.
 *
 * @param argv arguments after the program's name
 */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const outcome: Outcome = { code: ExitCode.Success };
  const program = createProgram(deps, outcome);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? ExitCode.Success : ExitCode.Usage;
    }
    if (error instanceof CodedError) {
      deps.terminal.stderr.write(`sluice: ${error.message}\n`);
      return error instanceof AdminRequestFailed ? error.exitCode : ExitCode.Bad;
    }
    throw error;
  }
}

/** Commander's handlers return nothing; the command that ran leaves its code here. */
interface Outcome {
  code: ExitCode;
}

interface CommonOptions {
  readonly config?: string;
  readonly output?: OutputFormat;
}

interface Wiring {
  readonly deps: CliDeps;
  readonly outcome: Outcome;
  readonly common: () => CommonOptions;
}

function createProgram(deps: CliDeps, outcome: Outcome): Command {
  const { terminal } = deps;
  const program = new Command("sluice");
  program
    .description("Filter and antivirus gateway for SIP instant messaging")
    .version(deps.version)
    .option(
      "--config <file>",
      "configuration (default: ./sluice.yaml, then /etc/sluice/sluice.yaml)",
    )
    .addOption(
      new Option("-o, --output <format>", "default: table on a terminal, ndjson in a pipe").choices(
        OUTPUT_FORMATS,
      ),
    )
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    })
    .showHelpAfterError("(sluice --help lists the commands)")
    .exitOverride();
  const wiring: Wiring = { deps, outcome, common: () => program.opts<CommonOptions>() };
  addRun(program, wiring);
  addCheck(program, wiring);
  addTry(program, wiring);
  addIncidents(program, wiring);
  addGatewayCommands(program, wiring);
  addSchema(program, wiring);
  return program;
}

function addRun(program: Command, { deps, outcome, common }: Wiring): void {
  program
    .command("run", { isDefault: true })
    .description("run the gateway (SIGTERM drains, SIGHUP reloads rules, SIGUSR1 reopens logs)")
    .action(async () => {
      outcome.code = await runGateway(deps, common().config);
    });
}

function addCheck(program: Command, { deps, outcome, common }: Wiring): void {
  interface Options {
    readonly format: ProblemFormat;
    readonly tests: boolean;
    readonly strict?: boolean;
  }
  program
    .command("check [path...]")
    .description("check configuration and rule files and run their inline tests, offline")
    .addOption(new Option("--format <format>").choices(PROBLEM_FORMATS).default("text"))
    .option("--no-tests", "leave out the inline tests")
    .option("--strict", "warnings count as errors")
    .action((paths: readonly string[], options: Options) => {
      const { format, tests, strict = false } = options;
      outcome.code = checkFiles(deps, paths, { config: common().config, format, tests, strict });
    });
}

function addTry(program: Command, { deps, outcome, common }: Wiring): void {
  program
    .command("try")
    .description("decide as the gateway would, offline, and print why")
    .option("--from <aor>", "sender, e.g. sip:alice@example.com")
    .option("--to <aor>", "receiver")
    .option("--text <text>", "a message in plain text")
    .option("--html <html>", "a message in HTML")
    .option("--file <file>", "an offered file, with the builtin engine's result")
    .option("--message <sipfile>", "a whole SIP message, as on the wire")
    .option("--json", "the same as -o json")
    .option("--exit-code", "exit with 1 when it would be blocked")
    .action(async (options: TryOptions) => {
      const { config, output } = common();
      outcome.code = await tryMessage(deps, options, { config, output });
    });
}

function addIncidents(program: Command, wiring: Wiring): void {
  const { outcome } = wiring;
  const incidents = program
    .command("incidents")
    .description("what was stopped or changed, and why");
  incidents
    .command("list")
    .description("the latest first")
    .option("--since <time>", "24h, 7d, or 2026-01-31T12:00:00Z")
    .option("--until <time>")
    .addOption(new Option("--action <action>").choices(["rewrite", "block", "quarantine"]))
    .option("--rule <id>")
    .option("--user <aor>", "sender or receiver; without a domain: of any")
    .option("--state <state>")
    .option("--limit <n>", "at most 1000", "100")
    .action(async (options: ListOptions) => {
      outcome.code = await asking(wiring, async (context) => listIncidents(context, options));
    });
  incidents
    .command("show <id>")
    .description("all of one incident")
    .action(async (id: string) => {
      outcome.code = await asking(wiring, async (context) => showIncident(context, id));
    });
  incidents
    .command("explain <id>")
    .description("which rule decided, and what every rule saw")
    .action(async (id: string) => {
      outcome.code = await asking(wiring, async (context) => explainIncident(context, id));
    });
}

function addGatewayCommands(program: Command, wiring: Wiring): void {
  const add = (
    parent: Command,
    name: string,
    description: string,
    command: (context: AskContext) => Promise<ExitCode>,
  ): void => {
    parent
      .command(name)
      .description(description)
      .action(async () => {
        wiring.outcome.code = await asking(wiring, command);
      });
  };
  const rules = program.command("rules").description("the rules in force");
  add(rules, "list", "in effective order", listRules);
  add(rules, "status", "generation, hash, and how the last reload went", showRulesStatus);
  add(program, "reload", "read the rules anew; bad ones change nothing", reloadRules);
  add(program, "health", "0 ready, 1 not ready, 4 not reachable", showHealth);
  add(program, "stats", "the gateway's counters", showStats);
}

function addSchema(program: Command, { deps }: Wiring): void {
  const schemas = { rules: ruleFileJsonSchema, config: configJsonSchema, event: eventJsonSchema };
  const schema = program.command("schema").description("JSON Schema, for editors and programs");
  for (const [name, create] of Object.entries(schemas)) {
    schema.command(name).action(() => {
      deps.terminal.stdout.write(`${safeJson(create(), 2)}\n`);
    });
  }
}

/** Runs a command that needs the running gateway, found by the configuration's `admin.socket`. */
async function asking(
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

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { CodedError } from "../base/coded-error.ts";
import { configJsonSchema } from "../config/config-schema.ts";
import { eventJsonSchema } from "../journal/event-schema.ts";
import { ruleFileJsonSchema } from "../policy/schema.ts";
import { addGatewayCommands } from "./add-gateway-commands.ts";
import { addIncidents } from "./add-incidents.ts";
import { addQuarantine } from "./add-quarantine.ts";
import { addLists } from "./add-lists.ts";
import { AdminRequestFailed } from "./admin-client.ts";
import { addCheck } from "./add-check.ts";
import type { CliDeps } from "./cli-deps.ts";
import type { CommonOptions, Outcome, Wiring } from "./command-wiring.ts";
import { ExitCode } from "./exit-code.ts";
import { addFmt } from "./fmt-command.ts";
import { OUTPUT_FORMATS } from "./print.ts";
import { addReplay } from "./replay-command.ts";
import { runGateway } from "./run-command.ts";
import { safeJson, safeText } from "./safe-text.ts";
import { tryMessage, type TryOptions } from "./try-command.ts";

/**
 * The command line: arguments to one command, whose exit code it resolves to (exit-code.ts, DESIGN §6). It never ends
 * the process and never rejects. Commands that ask a running gateway go through its admin socket; `check`, `fmt`, `try` and `schema` are offline.
 * What it does not do yet: release, deny, follow, export, doctor, init.
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
    deps.terminal.stderr.write(`sluice: ${unexpectedText(error)}\n`);
    return ExitCode.Bad;
  }
}

/** What no command foresaw is no success: a file system error says what and where, anything else is ours to find. */
function unexpectedText(error: unknown): string {
  if (!(error instanceof Error)) return safeText(String(error));
  const isOfSystem = typeof (error as NodeJS.ErrnoException).syscall === "string";
  if (isOfSystem || error.stack === undefined) return safeText(error.message);
  return error.stack.split("\n").map(safeText).join("\n");
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
  for (const add of COMMANDS) add(program, wiring);
  return program;
}

/** Every command, in the order of the help. */
const COMMANDS: readonly ((program: Command, wiring: Wiring) => void)[] = [
  addRun,
  addCheck,
  addFmt,
  addTry,
  addReplay,
  addIncidents,
  addQuarantine,
  addGatewayCommands,
  addLists,
  addDemo,
  addSchema,
];

function addRun(program: Command, { deps, outcome, common }: Wiring): void {
  program
    .command("run", { isDefault: true })
    .description("run the gateway (SIGTERM drains, SIGHUP reloads rules, SIGUSR1 reopens logs)")
    .action(async () => {
      outcome.code = await runGateway(deps, common().config);
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
    .option("--rules <path...>", "files and folders in place of the configuration's rules")
    .option("--now <time>", "as of this moment, e.g. 2026-11-22T23:10:00+01:00")
    .option("--json", "the same as -o json")
    .option("--exit-code", "exit with 1 when it would be blocked")
    .action(async (options: TryOptions) => {
      const { config, output } = common();
      outcome.code = await tryMessage(deps, options, { config, output });
    });
}

function addDemo(program: Command, { deps, outcome }: Wiring): void {
  program
    .command("demo")
    .description("see it work: a gateway of its own, two users, six things that happen")
    .option("--keep", "leave the folder with its log, incidents and quarantine behind")
    .option(
      "--port-range <first-last>",
      "TCP ports for its files (default: ten free ones)",
      readPorts,
    )
    .action(async ({ keep = false, portRange }: { keep?: boolean; portRange?: string }) => {
      const isGood = await deps.runDemo({ keep, portRange });
      outcome.code = isGood ? ExitCode.Success : ExitCode.Bad;
    });
}

function readPorts(text: string): string {
  if (!/^[0-9]{4,5}-[0-9]{4,5}$/.test(text)) throw new InvalidArgumentError("Write 20000-20009.");
  return text;
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

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { systemClock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { loadAskedRules } from "./asked-rules.ts";
import type { CliDeps, TryInput, TryOutcome } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";
import { fieldLines, isColoured, outputFormat, printOne, type OutputFormat } from "./print.ts";
import { safeText } from "./safe-text.ts";
import { traceText } from "./trace-text.ts";

/** The options of `sluice try`, as commander reads them. */
export interface TryOptions {
  readonly from?: string;
  readonly to?: string;
  readonly text?: string;
  readonly html?: string;
  readonly file?: string;
  readonly message?: string;
  readonly json?: boolean;
  readonly exitCode?: boolean;
  readonly rules?: readonly string[];
  readonly now?: string;
}

/** `sluice try`: decides as the gateway would, offline, and prints why. */
export async function tryMessage(
  deps: CliDeps,
  options: TryOptions,
  common: { readonly config: string | undefined; readonly output: OutputFormat | undefined },
): Promise<ExitCode> {
  const { terminal } = deps;
  const now = systemClock.now();
  const input = readInput(options, now);
  if (!input.ok) {
    terminal.stderr.write(`sluice try: ${input.problem}\n`);
    return ExitCode.Usage;
  }
  const asked = loadAskedRules(terminal, { config: common.config, rules: options.rules, now });
  if (!asked.ok) return asked.problem;
  const { config, loaded } = asked.value;
  const outcome = await deps.tryMessage(config, loaded.policy, input.value);
  if (!outcome.ok) {
    terminal.stderr.write(`sluice try: ${outcome.problem}\n`);
    return ExitCode.Usage;
  }
  // People ask this question mostly; JSON is for who says so.
  const format = options.json === true ? "json" : (common.output ?? "table");
  const colour = isColoured(terminal, terminal.stdout);
  printOne(terminal, outputFormat(terminal, format), { ...outcome.value }, () =>
    outcomeText(outcome.value, colour),
  );
  const { action } = outcome.value;
  const isBlocked = action === "block" || action === "quarantine";
  return options.exitCode === true && isBlocked ? ExitCode.Bad : ExitCode.Success;
}

function readInput(options: TryOptions, clock: number): Result<TryInput, string> {
  const { from = "", to = "" } = options;
  const given = [options.text, options.html, options.file, options.message];
  if (given.filter((one) => one !== undefined).length !== 1) {
    return failed("give exactly one of --text, --html, --file, --message");
  }
  if (options.message === undefined && (from === "" || to === "")) {
    return failed("--from and --to are needed (only --message brings its own)");
  }
  const now = options.now === undefined ? clock : Date.parse(options.now);
  if (Number.isNaN(now) || (options.now !== undefined && !MOMENT.test(options.now))) {
    return failed(`--now: "${options.now}" is no moment: write 2026-11-22T23:10:00+01:00`);
  }
  try {
    return ok({ from, to, now, source: readSource(options) });
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/** With its zone: rules about time would otherwise depend on where it is tried. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Throws when a file cannot be read. */
function readSource(options: TryOptions): TryInput["source"] {
  if (options.text !== undefined) return { kind: "text", text: options.text };
  if (options.html !== undefined) return { kind: "html", text: options.html };
  if (options.file !== undefined) {
    return { kind: "file", name: basename(options.file), bytes: readFileSync(options.file) };
  }
  return { kind: "message", bytes: readFileSync(options.message ?? "") };
}

function outcomeText(outcome: TryOutcome, colour: boolean): string {
  const answer = outcome.respond === null ? "none of our own (forwarded)" : String(outcome.respond);
  const fields = fieldLines([
    ["action", outcome.action],
    ["rule", outcome.rule ?? "none matched"],
    ["reason", outcome.reason],
    ["policy", outcome.policy ?? "none asked"],
    ["answer", answer],
  ]);
  const text =
    outcome.text === null
      ? ""
      : `\ntext as it goes out:\n${outcome.text
          .split(/\r?\n/)
          .map((line) => `  ${safeText(line)}\n`)
          .join("")}`;
  return `${fields}${text}\nrules:\n${traceText(outcome.trace, colour)}`;
}

import { findConfig } from "../config/find-config.ts";
import { formatProblems } from "../config/format-problem.ts";
import { loadConfig } from "../config/load-config.ts";
import type { CliDeps, ProgramLog, RunningGateway } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";
import { createProgramLog } from "./program-log.ts";
import type { SignalName, Terminal } from "./terminal.ts";

/**
 * `sluice run`: starts the gateway, says when it is ready, and ends when it has been told to. SIGTERM and SIGINT
 * drain, a second one answers what waits with 503 and stops; SIGHUP reloads the rules; SIGUSR1 reopens the logs.
 */
export async function runGateway(deps: CliDeps, configPath: string | undefined): Promise<ExitCode> {
  const { terminal } = deps;
  const config = loadConfig(findConfig(configPath));
  if (!config.ok) {
    terminal.stderr.write(formatProblems(config.problem, "text"));
    return ExitCode.Bad;
  }
  const sink = terminal.openLog();
  const log = createProgramLog(sink, config.value.log.level);
  // Heard from the first moment on: a SIGTERM during the start must not be lost, and SIGUSR1 would start Node's debugger.
  const signals = hearSignals(terminal);
  try {
    const started = await deps.startGateway(config.value, log);
    if (!started.ok) {
      terminal.stderr.write(formatProblems(started.problem, "text"));
      return ExitCode.Bad;
    }
    const gateway = started.value;
    // Whoever tries things out on the embedded registrar is not lectured; `sluice check` says it all.
    const ofConfig = config.value.upstream.kind === "embedded" ? [] : config.value.warnings;
    terminal.stderr.write(formatProblems([...ofConfig, ...gateway.warnings], "text"));
    terminal.stdout.write(readyText(gateway));
    signals.on("SIGHUP", () => void reload(gateway, log));
    signals.on("SIGUSR1", () => void reopen(gateway, log));
    return await serve(gateway, signals, log);
  } catch (error) {
    terminal.stderr.write(`sluice: ${messageOf(error)}\n`);
    return ExitCode.Bad;
  } finally {
    signals.stop();
    sink.end();
  }
}

/** One line that scripts wait for, then what people may try. */
function readyText(gateway: RunningGateway): string {
  const lines = [`sluice ready: ${gateway.endpoints.join(" ")}`, ...gateway.hints];
  return lines.map((line) => `${line}\n`).join("");
}

/** Until a signal, or until the gateway cannot go on. */
async function serve(
  gateway: RunningGateway,
  signals: SignalEars,
  log: ProgramLog,
): Promise<ExitCode> {
  const hurry = new AbortController();
  const told = Promise.withResolvers<string>();
  const end = (name: string): void => {
    told.resolve(name);
    if (stopping) hurry.abort();
    stopping = true;
  };
  let stopping = false;
  signals.on("SIGTERM", () => end("SIGTERM"));
  signals.on("SIGINT", () => end("SIGINT"));
  const why = await Promise.race([told.promise, gateway.failed]);
  if (typeof why === "string") log.info(`${why}: draining`);
  else log.error("the gateway cannot go on", { error: why.stack ?? why.message });
  await gateway.stop(hurry.signal);
  log.info("stopped");
  return typeof why === "string" ? ExitCode.Success : ExitCode.Bad;
}

async function reload(gateway: RunningGateway, log: ProgramLog): Promise<void> {
  try {
    const { ok, generation, problems } = await gateway.reload();
    if (ok) log.info("rules reloaded", { generation, warnings: problems });
    else log.error("rules not reloaded, the old ones stay in force", { generation, problems });
  } catch (error) {
    log.error("rules not reloaded, the old ones stay in force", { error: messageOf(error) });
  }
}

async function reopen(gateway: RunningGateway, log: ProgramLog): Promise<void> {
  try {
    await gateway.reopenLogs();
    log.info("logs reopened");
  } catch (error) {
    log.error("the event log could not be reopened", { error: messageOf(error) });
  }
}

interface SignalEars {
  /** What came before anybody listened is told at once. */
  on(name: SignalName, handler: () => void): void;
  stop(): void;
}

const SIGNALS: readonly SignalName[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"];

function hearSignals(terminal: Terminal): SignalEars {
  const handlers = new Map<SignalName, () => void>();
  const early = new Set<SignalName>();
  const removals = SIGNALS.map((name) =>
    terminal.onSignal(name, () => {
      const handler = handlers.get(name);
      if (handler === undefined) early.add(name);
      else handler();
    }),
  );
  return {
    on(name, handler) {
      handlers.set(name, handler);
      if (early.delete(name)) handler();
    },
    stop() {
      for (const remove of removals) remove();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

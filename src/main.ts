import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkScanRules, checkYaraRules } from "./assembly/check-yara-rules.ts";
import { runInlineTest } from "./assembly/run-inline-test.ts";
import { startHints } from "./assembly/start-hints.ts";
import { tryMessage } from "./assembly/try-message.ts";
import { systemClock } from "./base/clock.ts";
import { failed, ok } from "./base/result.ts";
import type { CliDeps } from "./cli/cli-deps.ts";
import { processTerminal } from "./cli/process-terminal.ts";
import { runCli } from "./cli/run-cli.ts";
import { runDemo } from "./demo/run-demo.ts";
import { startGateway } from "./gateway.ts";

/**
 * The program: arguments in, exit code out. The only module with side effects on import, and the only one that knows
 * both the command line and the gateway.
 */
const brokenInvariant = Promise.withResolvers<Error>();

// What nobody caught is our bug. The gateway says so, drains and ends with exit code 1, for its supervisor to restart.
process.on("uncaughtException", (error) => brokenInvariant.resolve(error));
process.on("unhandledRejection", (reason) =>
  brokenInvariant.resolve(reason instanceof Error ? reason : new Error(String(reason))),
);

const version = String(
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
);

const startForCli: CliDeps["startGateway"] = async (config, log) => {
  const started = await startGateway(config, { version, log });
  if (!started.ok) return failed(started.problem);
  const gateway = started.value;
  return ok({ ...gateway, hints: startHints(config), failed: brokenInvariant.promise });
};

const terminal = processTerminal();

/** The demonstration starts this program a second time, as the gateway. */
const demoForCli: CliDeps["runDemo"] = async (options) =>
  runDemo(
    {
      clock: systemClock,
      output: terminal.stdout,
      env: terminal.env,
      program: [process.execPath, fileURLToPath(import.meta.url)],
      rulesDir: join(import.meta.dirname, "..", "rules"),
      onSignal: (name, handler) => terminal.onSignal(name, handler),
    },
    options,
  );

process.exitCode = await runCli(process.argv.slice(2), {
  terminal,
  version,
  judgeGiven: runInlineTest,
  checkYaraRules: async (what) =>
    "scan" in what ? checkScanRules(what.scan, systemClock) : checkYaraRules(what, systemClock),
  tryMessage,
  startGateway: startForCli,
  runDemo: demoForCli,
});

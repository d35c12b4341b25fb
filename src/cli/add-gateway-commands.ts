import type { Command } from "commander";
import { asking, type Wiring } from "./command-wiring.ts";
import { listEngines, testEngines } from "./engine-commands.ts";
import type { ExitCode } from "./exit-code.ts";
import {
  listRules,
  listTransfers,
  reloadRules,
  showHealth,
  showRulesStatus,
  showStats,
} from "./gateway-commands.ts";
import type { AskContext } from "./incident-commands.ts";
import { showRuleHits } from "./rule-hits-command.ts";

/** What asks after the running gateway itself: `sluice rules …`, `reload`, `health`, `engines`, `transfers`, `stats`. */
export function addGatewayCommands(program: Command, wiring: Wiring): void {
  const add = (
    parent: Command,
    name: string,
    description: string,
    command: (context: AskContext) => Promise<ExitCode>,
  ): Command =>
    parent
      .command(name)
      .description(description)
      .action(async () => {
        wiring.outcome.code = await asking(wiring, command);
      });
  const rules = program.command("rules").description("the rules in force");
  add(rules, "list", "in effective order", listRules);
  rules
    .command("hits")
    .description("how often each rule has matched")
    .option("--unused", "only those in force that never have")
    .action(async (options: { readonly unused?: boolean }) => {
      wiring.outcome.code = await asking(wiring, async (context) =>
        showRuleHits(context, options.unused === true),
      );
    });
  add(rules, "status", "generation, hash, and how the last reload went", showRulesStatus);
  add(program, "reload", "read the rules anew; bad ones change nothing", reloadRules);
  add(program, "health", "0 ready, 1 not ready, 4 not reachable", showHealth);
  const engines = add(
    program,
    "engines",
    "the scan engines; 1 when a required one is not up",
    listEngines,
  );
  add(engines, "test", "the same, after trying every engine", testEngines);
  add(program, "transfers", "file transfers under way", listTransfers);
  add(program, "stats", "the gateway's counters", showStats);
}

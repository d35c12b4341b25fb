import { type Command, Option } from "commander";
import { addDecisions, decision } from "./add-decisions.ts";
import { asking, type Wiring } from "./command-wiring.ts";
import { decide, type DeedOptions } from "./decision-commands.ts";
import {
  explainIncident,
  listIncidents,
  type ListOptions,
  showIncident,
} from "./incident-commands.ts";

/** `sluice incidents …` */
export function addIncidents(program: Command, wiring: Wiring): void {
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
  addDecisions(incidents, wiring, { path: "/v1/incidents", what: "incident" });
  decision(incidents.command("review <id...>"))
    .description("write down that somebody has looked at it")
    .action(async (ids: readonly string[], options: DeedOptions) => {
      const asked = { path: "/v1/incidents", deed: "review", ids };
      outcome.code = await asking(wiring, async (context) => decide(context, asked, options));
    });
}

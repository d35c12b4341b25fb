import type { Command } from "commander";
import { asking, type Wiring } from "./command-wiring.ts";
import { decide, type DeedOptions, release, type ReleaseOptions } from "./decision-commands.ts";

/** What `release` and `deny` are about. */
export interface Decided {
  /** Of the admin API. */
  readonly path: string;
  readonly what: "incident" | "file";
}

/** The options of everything that is put on record. */
export function decision(command: Command): Command {
  return command
    .option("--reason <text>", "why; stands in the record")
    .option("--by <name>", "who you are, for the record; default: your login name");
}

/** `… release` and `… deny`, of incidents and of kept files alike. */
export function addDecisions(parent: Command, wiring: Wiring, { path, what }: Decided): void {
  const { outcome } = wiring;
  decision(parent.command("release <id...>"))
    .description(
      `scan the kept ${what === "file" ? "file" : "file of the incident"} again, and let it through once when it is sent again`,
    )
    .option("--to <aor>", "one of its receivers; default: all of them")
    .option("--for <time>", "how long it may be sent again, 1m to 30d", "24h")
    .option("--force", "also when an engine finds something now, or none answers")
    .action(async (ids: readonly string[], options: ReleaseOptions) => {
      const asked = { path, deed: "release", ids };
      outcome.code = await asking(wiring, async (context) => release(context, asked, options));
    });
  decision(parent.command("deny <id...>"))
    .description("it stays stopped; takes back a release that was not used")
    .action(async (ids: readonly string[], options: DeedOptions) => {
      const asked = { path, deed: "deny", ids };
      outcome.code = await asking(wiring, async (context) => decide(context, asked, options));
    });
}

import type { Command } from "commander";
import { addDecisions, decision } from "./add-decisions.ts";
import { asking, type Wiring } from "./command-wiring.ts";
import type { DeedOptions } from "./decision-commands.ts";
import { rescanKept, type RescanOptions } from "./rescan-command.ts";
import {
  deleteKept,
  downloadKept,
  type DownloadOptions,
  listKept,
  showKept,
  showUsage,
} from "./quarantine-commands.ts";

/** `sluice quarantine …` */
export function addQuarantine(program: Command, wiring: Wiring): void {
  const { outcome } = wiring;
  const quarantine = program.command("quarantine").description("files that were kept as evidence");
  quarantine
    .command("list")
    .description("the latest first")
    .option("--limit <n>", "at most 1000", "100")
    .action(async (options: { readonly limit: string }) => {
      outcome.code = await asking(wiring, async (context) => listKept(context, options.limit));
    });
  quarantine
    .command("usage")
    .description("how full it is; 1 when it is full")
    .action(async () => {
      outcome.code = await asking(wiring, showUsage);
    });
  quarantine
    .command("show <id>")
    .description("all that is known of one file")
    .action(async (id: string) => {
      outcome.code = await asking(wiring, async (context) => showKept(context, id));
    });
  quarantine
    .command("download <id>")
    .description("as an encrypted zip; its password is: infected")
    .option("--out <file>", "default: <id>.zip in the current folder")
    .option("--force", "overwrite the file")
    .option("--reason <text>", "why; stands in the record")
    .option("--by <name>", "who you are, for the record; default: your login name")
    .action(async (id: string, options: DownloadOptions) => {
      outcome.code = await asking(wiring, async (context) => downloadKept(context, id, options));
    });
  decision(quarantine.command("delete <id>"))
    .description("remove the file and keep its story; does not ask")
    .action(async (id: string, options: DeedOptions) => {
      outcome.code = await asking(wiring, async (context) => deleteKept(context, id, options));
    });
  addDecisions(quarantine, wiring, { path: "/v1/quarantine", what: "file" });
  decision(quarantine.command("rescan [id...]"))
    .description("scan again by the engines as they are now; 1 when something is found")
    .option("--all", "every file that is kept")
    .action(async (ids: readonly string[], options: RescanOptions) => {
      outcome.code = await asking(wiring, async (context) => rescanKept(context, ids, options));
    });
}

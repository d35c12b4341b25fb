import { type Command, InvalidArgumentError } from "commander";
import { asking, type Wiring } from "./command-wiring.ts";
import { listLists, refreshLists } from "./list-commands.ts";
import { showList, testList, type ListQuestion } from "./list-questions.ts";
import { outputFormat } from "./print.ts";

/** `sluice lists …` */
export function addLists(program: Command, wiring: Wiring): void {
  const { deps, outcome, common } = wiring;
  const question = (name: string): ListQuestion => {
    const { config, output } = common();
    // People ask these questions mostly.
    const format = outputFormat(deps.terminal, output ?? "table");
    return { terminal: deps.terminal, format, config, name };
  };
  const lists = program
    .command("lists")
    .description("lists and groups that come from files; 1 when one is not what its file holds")
    .action(async () => {
      outcome.code = await asking(wiring, listLists);
    });
  lists
    .command("show <name>")
    .description("how a list or group is defined, and its first entries, offline")
    .option("--limit <n>", "entries at most", readLimit, 20)
    .action((name: string, options: { readonly limit: number }) => {
      outcome.code = showList(question(name), options.limit);
    });
  lists
    .command("test <name> <value>")
    .description("is the value in the list? 0 yes, 1 no, offline")
    .action((name: string, value: string) => {
      outcome.code = testList(question(name), value);
    });
  lists
    .command("refresh [name...]")
    .description("the running gateway reads list files again, and no rules")
    .option("--allow-shrink", "take files that have lost more than half of their entries")
    .action(async (names: readonly string[], options: { readonly allowShrink?: boolean }) => {
      const { allowShrink = false } = options;
      outcome.code = await asking(wiring, async (context) =>
        refreshLists(context, names, allowShrink),
      );
    });
}

function readLimit(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError("Write a number.");
  return Number(text);
}

import { objectIn, objectsIn } from "./answer-reader.ts";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { type Column, printRows, type Row } from "./print.ts";
import { cellText, safeText } from "./safe-text.ts";

const COLUMNS: readonly Column<Row>[] = [
  { key: "id", title: "RULE" },
  { key: "mode", title: "MODE" },
  { key: "hits", title: "HITS" },
  { key: "would", title: "WOULD" },
  { key: "errors", title: "ERRORS" },
  {
    key: "last_hit",
    title: "LAST",
    show: (row) => (row["last_hit"] === null ? "never" : cellText(row["last_hit"]).slice(0, 19)),
  },
];

/** `sluice rules hits`: how often each rule has matched, and since when that is counted. */
export async function showRuleHits(context: AskContext, unused: boolean): Promise<ExitCode> {
  const { terminal, format } = context;
  const answer = objectIn(await context.client.get("/v1/rules/hits"));
  const all = objectsIn(answer["rules"]);
  const rows = unused ? all.filter(isUnused) : all;
  printRows(terminal, format, { columns: COLUMNS, rows, none: "no rule" });
  if (format === "table") {
    terminal.stderr.write(`counted since ${safeText(cellText(answer["since"]))}\n`);
  }
  return ExitCode.Success;
}

function isUnused({ mode, hits, would }: Row): boolean {
  return hits === 0 && would === 0 && mode !== "off" && mode !== "gone";
}

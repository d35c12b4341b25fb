import { objectIn, objectsIn } from "./answer-reader.ts";
import { type DeedOptions, deedOf, SCAN_MS } from "./decision-commands.ts";
import { ExitCode } from "./exit-code.ts";
import { AdminRequestFailed } from "./admin-client.ts";
import type { AskContext } from "./incident-commands.ts";
import { type Column, printRows, type Row } from "./print.ts";
import { cellText, safeText } from "./safe-text.ts";

export interface RescanOptions extends DeedOptions {
  readonly all?: boolean;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "item", title: "ID" },
  { key: "result", title: "RESULT" },
  { key: "threat", title: "THREAT", flexible: true },
  { key: "problem", title: "PROBLEM", flexible: true },
  { key: "name", title: "NAME", flexible: true },
];

/** As many as the gateway lists at a time. */
const MOST = "1000";

/**
 * `sluice quarantine rescan ID…` or `--all`: one after the other, since the engines have files on their way to look at. 1 when an engine
 * finds something or cannot answer, or a file could not be scanned.
 */
export async function rescanKept(
  context: AskContext,
  given: readonly string[],
  options: RescanOptions,
): Promise<ExitCode> {
  const { terminal, format } = context;
  if ((given.length === 0) !== (options.all === true)) {
    terminal.stderr.write("sluice quarantine rescan: name ids, or say --all\n");
    return ExitCode.Usage;
  }
  const ids = options.all === true ? await keptIds(context) : given;
  const rows: Row[] = [];
  let code: ExitCode = ExitCode.Success;
  for (const id of ids) {
    const row = await rescan(context, id, options);
    if (row instanceof AdminRequestFailed) {
      terminal.stderr.write(`sluice quarantine rescan: ${safeText(row.message)}\n`);
      if (code === ExitCode.Success) code = row.exitCode;
    } else rows.push(row);
  }
  const none = "nothing was scanned";
  printRows(terminal, format, { columns: COLUMNS, rows, none });
  const isBad = rows.some((row) => !["clean", "unscannable"].includes(cellText(row["result"])));
  return code === ExitCode.Success && isBad ? ExitCode.Bad : code;
}

async function keptIds({ client }: AskContext): Promise<readonly string[]> {
  const answer = objectIn(await client.get("/v1/quarantine", { limit: MOST }));
  return objectsIn(answer["quarantine"])
    .filter((row) => row["state"] === "quarantined")
    .map((row) => cellText(row["id"]));
}

async function rescan(
  { client }: AskContext,
  id: string,
  options: DeedOptions,
): Promise<Row | AdminRequestFailed> {
  try {
    const path = `/v1/quarantine/${encodeURIComponent(id)}/rescan`;
    return objectIn(await client.post(path, SCAN_MS, deedOf(options)));
  } catch (error) {
    if (error instanceof AdminRequestFailed) return error;
    throw error;
  }
}

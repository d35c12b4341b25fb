import { objectIn, objectsIn } from "./answer-reader.ts";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { type Column, printRows, type Row } from "./print.ts";
import { cellText } from "./safe-text.ts";

const COLUMNS: readonly Column<Row>[] = [
  { key: "name", title: "LIST" },
  { key: "type", title: "TYPE", show: (row) => typeText(row) },
  { key: "entries", title: "ENTRIES" },
  { key: "refresh", title: "REFRESH" },
  { key: "loaded_at", title: "LOADED", show: (row) => cellText(row["loaded_at"]).slice(0, 19) },
  { key: "checked_at", title: "CHECKED", show: (row) => cellText(row["checked_at"]).slice(0, 19) },
  { key: "file", title: "FILE", flexible: true },
  {
    key: "trouble",
    title: "TROUBLE",
    flexible: true,
    show: (row) => (row["trouble"] === null ? "" : cellText(row["trouble"])),
  },
];

function typeText(row: Row): string {
  return row["kind"] === "group" ? "group" : cellText(row["type"]);
}

/** `sluice lists`: the lists and groups of the running gateway that come from files. 1 when one is not what its file holds. */
export async function listLists(context: AskContext): Promise<ExitCode> {
  const rows = objectsIn(objectIn(await context.client.get("/v1/lists"))["lists"]);
  const csvOnly = { key: "kind", title: "KIND" };
  printRows(context.terminal, context.format, {
    columns: context.format === "csv" ? [...COLUMNS, csvOnly] : COLUMNS,
    rows,
    none: "no list or group in force has a file",
  });
  return rows.some((row) => row["trouble"] !== null) ? ExitCode.Bad : ExitCode.Success;
}

const CHANGES: readonly Column<Row>[] = [
  { key: "name", title: "LIST" },
  { key: "outcome", title: "OUTCOME" },
  { key: "entries", title: "ENTRIES" },
  { key: "problem", title: "PROBLEM", flexible: true },
];

/** Longer than the largest list takes; a reload may come first. */
const REFRESH_MS = 130_000;

/** `sluice lists refresh`: 1 when a file was not taken. */
export async function refreshLists(
  context: AskContext,
  names: readonly string[],
  allowShrink: boolean,
): Promise<ExitCode> {
  const query = new URLSearchParams(names.map((name): [string, string] => ["name", name]));
  if (allowShrink) query.set("allow_shrink", "true");
  const path = query.size === 0 ? "/v1/lists/refresh" : `/v1/lists/refresh?${query.toString()}`;
  const answer = objectIn(await context.client.post(path, REFRESH_MS));
  const rows = objectsIn(answer["lists"]);
  printRows(context.terminal, context.format, {
    columns: CHANGES,
    rows,
    none: "no list or group in force has a file",
  });
  const isBad = rows.some((row) => row["outcome"] === "kept" || row["outcome"] === "failed");
  return isBad ? ExitCode.Bad : ExitCode.Success;
}

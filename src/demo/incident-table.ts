import { textAt } from "./act.ts";

const COLUMNS = [
  ["id", "INCIDENT"],
  ["action", "ACTION"],
  ["reason", "WHAT"],
  ["rule", "RULE"],
] as const;

/**
 * The lines of a small table, oldest incident first.
 *
 * @param ndjson what `sluice incidents list -o ndjson` writes, newest first
 */
export function incidentTable(ndjson: string): readonly string[] {
  const rows = ndjson
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line))
    .toReversed()
    .map((row) => COLUMNS.map(([key]) => textAt(row, key).replaceAll(/[\p{Cc}\p{Cf}]/gu, "?")));
  const table = [COLUMNS.map(([, title]): string => title), ...rows];
  const widths = COLUMNS.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

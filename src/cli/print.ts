import { unreachable } from "../base/unreachable.ts";
import { cellText, csvCell, safeJson, safeText } from "./safe-text.ts";
import { formatTable, type TableColumn } from "./table.ts";
import type { Terminal, TerminalOutput } from "./terminal.ts";

/** The forms of `-o`. */
export const OUTPUT_FORMATS = ["table", "json", "ndjson", "csv"] as const;

export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** A column of a list: its title in the table, its key in CSV, and what stands in it. */
export interface Column<Row> extends TableColumn {
  readonly key: string;
  /** What the table shows; default: the value of the key. */
  readonly show?: (row: Row) => string;
}

export type Row = Readonly<Record<string, unknown>>;

/** A list: table, one JSON array, one object a line, or CSV. `none` is said instead of an empty table. */
export function printRows<R extends Row>(
  terminal: Terminal,
  format: OutputFormat,
  list: {
    readonly columns: readonly Column<R>[];
    readonly rows: readonly R[];
    readonly none: string;
  },
): void {
  const { stdout } = terminal;
  const { columns, rows } = list;
  switch (format) {
    case "table": {
      if (rows.length === 0) {
        terminal.stderr.write(`${list.none}\n`);
        return;
      }
      const cells = rows.map((row) =>
        columns.map((column) => column.show?.(row) ?? cellText(row[column.key])),
      );
      const options = { width: stdout.columns, colour: isColoured(terminal, stdout) };
      stdout.write(formatTable(columns, cells, options));
      return;
    }
    case "json":
      stdout.write(`${safeJson(rows, 2)}\n`);
      return;
    case "ndjson":
      stdout.write(rows.map((row) => `${safeJson(row)}\n`).join(""));
      return;
    case "csv":
      stdout.write(
        csvLines(
          columns.map((column) => column.key),
          rows,
        ),
      );
      return;
    default:
      unreachable(format);
  }
}

/** One thing: `text` on a terminal, else its JSON or one line of CSV. */
export function printOne(
  terminal: Terminal,
  format: OutputFormat,
  row: Row,
  text: (row: Row) => string,
): void {
  const { stdout } = terminal;
  switch (format) {
    case "table":
      stdout.write(text(row));
      return;
    case "json":
      stdout.write(`${safeJson(row, 2)}\n`);
      return;
    case "ndjson":
      stdout.write(`${safeJson(row)}\n`);
      return;
    case "csv":
      stdout.write(csvLines(Object.keys(row), [row]));
      return;
    default:
      unreachable(format);
  }
}

/** `key: value` lines, aligned. */
export function fieldLines(fields: readonly (readonly [string, unknown])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${safeText(cellText(value))}\n`)
    .join("");
}

/** A table on a terminal, one object a line in a pipe, unless asked otherwise. */
export function outputFormat(terminal: Terminal, asked: OutputFormat | undefined): OutputFormat {
  return asked ?? (terminal.stdout.isTTY ? "table" : "ndjson");
}

/** https://no-color.org: any value but the empty one turns colour off. */
export function isColoured(terminal: Terminal, output: TerminalOutput): boolean {
  return output.isTTY && !terminal.env["NO_COLOR"] && terminal.env["TERM"] !== "dumb";
}

function csvLines(keys: readonly string[], rows: readonly Row[]): string {
  const lines = rows.map((row) => keys.map((key) => csvCell(row[key])).join(","));
  return [keys.map(csvCell).join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

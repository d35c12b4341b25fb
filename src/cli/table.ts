import { styleText } from "node:util";
import { safeText } from "./safe-text.ts";

/** A table for people: columns as wide as their content, the flexible ones cut so that a line fits the terminal. */
export interface TableOptions {
  /** Characters of the terminal; undefined: nothing is cut. */
  readonly width: number | undefined;
  readonly colour: boolean;
}

export interface TableColumn {
  readonly title: string;
  /** May be cut, down to eight characters; the others never. */
  readonly flexible?: boolean;
}

const GAP = "  ";
const NARROWEST = 8;

/** The lines of the table, heading first; "" without rows. Cells are made safe for the terminal here. */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string {
  const cells = rows.map((row) => row.map((cell) => boundMarks(safeText(cell))));
  const widths = columns.map((column, index) =>
    Math.max(length(column.title), ...cells.map((row) => length(row[index] ?? ""))),
  );
  fit(columns, widths, options.width);
  const heading = formatLine(
    columns.map((column) => column.title),
    widths,
  );
  const lines = cells.map((row) => formatLine(row, widths));
  const shown = options.colour ? styleText("bold", heading, { validateStream: false }) : heading;
  return [shown, ...lines].map((line) => `${line}\n`).join("");
}

function fit(columns: readonly TableColumn[], widths: number[], width: number | undefined): void {
  if (width === undefined) return;
  const total = (): number => widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  while (total() > width) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const here = widths[index] ?? 0;
      if (column.flexible === true && here > NARROWEST && here > (widths[widest] ?? 0))
        widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function formatLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = widths.map((width, index) => {
    const cell = cut(cells[index] ?? "", width);
    return cell + " ".repeat(Math.max(0, width - length(cell)));
  });
  return padded.join(GAP).trimEnd();
}

function cut(text: string, width: number): string {
  const characters = charactersOf(text);
  if (characters.length <= width) return text;
  return `${characters.slice(0, width - 1).join("")}…`;
}

/** In characters as people count them: near enough for names and addresses. */
function length(text: string): number {
  return charactersOf(text).length;
}

/** The longest that is in use: a family of four, each with a skin tone. */
const MAX_CODE_POINTS = 11;

/** One character may bear any number of marks: what is one character wide then fills the screen. */
function boundMarks(text: string): string {
  const bounded = charactersOf(text).map((character) => {
    const codePoints = Array.from(character);
    if (codePoints.length <= MAX_CODE_POINTS) return character;
    return `${codePoints.slice(0, MAX_CODE_POINTS).join("")}…`;
  });
  return bounded.join("");
}

const segmenter = new Intl.Segmenter();

function charactersOf(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), (one) => one.segment);
}

/** C0 and C1 controls, line separators, bidi controls, byte order mark: what may move a cursor or reorder a line. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Text of others, fit for a terminal: without anything that moves the cursor or reorders the line. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, "");
}

/** JSON fit for a terminal; the same value when read back. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, undefined, indent).replace(UNSAFE, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One cell of CSV (RFC 4180). What a spreadsheet would run as a formula gets an apostrophe. */
export function csvCell(value: unknown): string {
  const text = cellText(value);
  const inert = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** A value as one cell: lists by comma, objects as JSON. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((item) => typeof item === "string"))
    return value.join(", ");
  return JSON.stringify(value);
}

import type { Row } from "./print.ts";
import { cellText } from "./safe-text.ts";

/** Who sent it to whom, short: "alice@a.example → bob@b.example". */
export function fromTo(row: Row): string {
  return `${withoutScheme(row["from"])} → ${withoutScheme(row["to"])}`;
}

function withoutScheme(value: unknown): string {
  return cellText(value).replaceAll(/\bsips?:/g, "");
}

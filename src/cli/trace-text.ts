import { styleText } from "node:util";
import type { TraceStep } from "./cli-deps.ts";
import { safeText } from "./safe-text.ts";

/** The trace of the rules for people: each rule with its place, whether it matched, and what its conditions saw. */
export function traceText(trace: readonly TraceStep[], colour: boolean): string {
  const paint = (style: "bold" | "dim" | "green" | "red", text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const lines = trace.flatMap((step) => {
    const mark = step.matched ? paint("green", "matched") : paint("dim", "no     ");
    const note = step.note === undefined || step.note === "" ? "" : ` (${safeText(step.note)})`;
    const place = paint("dim", `${safeText(step.file)}:${step.line}`);
    const leaves = step.leaves.map((leaf) => {
      const sign = leaf.matched ? "+" : "-";
      return `           ${sign} ${safeText(leaf.field)}: ${safeText(leaf.value)}`;
    });
    return [`  ${mark}  ${paint("bold", safeText(step.rule))}${note}  ${place}`, ...leaves];
  });
  if (lines.length === 0) return "  no rule was asked\n";
  return lines.map((line) => `${line}\n`).join("");
}

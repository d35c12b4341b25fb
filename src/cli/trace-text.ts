import { styleText } from "node:util";
import type { TraceStep } from "./cli-deps.ts";
import { safeText } from "./safe-text.ts";

/**
 * The trace of the rules for people, phase by phase: each rule with its place, whether it matched, and what its conditions saw. Rules that
 * a phase does not ask are only counted.
 */
export function traceText(trace: readonly TraceStep[], colour: boolean): string {
  const rounds = roundsOf(trace);
  if (rounds.length === 0) return "  no rule was asked\n";
  return rounds.map((round) => roundText(round, colour)).join("");
}

/** One asking of the rules: a text, an offer, a file. A rule that comes again begins another. */
function roundsOf(trace: readonly TraceStep[]): readonly (readonly TraceStep[])[] {
  const rounds: TraceStep[][] = [];
  let seen = new Set<string>();
  for (const step of trace) {
    const current = rounds.at(-1);
    if (current === undefined || current[0]?.phase !== step.phase || seen.has(step.rule)) {
      rounds.push([step]);
      seen = new Set([step.rule]);
    } else {
      current.push(step);
      seen.add(step.rule);
    }
  }
  return rounds;
}

function roundText(round: readonly TraceStep[], colour: boolean): string {
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const asked = round.filter((step) => !isOfOtherPhase(step));
  const others = round.length - asked.length;
  const phase = round[0]?.phase ?? "";
  const heading = phase === "" ? [] : [paint("bold", `phase ${safeText(phase)}`)];
  const rest = others === 0 ? [] : [paint("dim", `  (${others} rules of other phases)`)];
  const lines = [...heading, ...asked.flatMap((step) => stepLines(step, paint)), ...rest];
  return lines.map((line) => `${line}\n`).join("");
}

type Style = "bold" | "dim" | "green" | "red";

/** A record of an earlier version names no phase, and shows them all. */
function isOfOtherPhase({ note, phase }: TraceStep): boolean {
  return phase !== "" && note?.startsWith("phase ") === true;
}

function stepLines(
  step: TraceStep,
  paint: (style: Style, text: string) => string,
): readonly string[] {
  const mark = step.matched ? paint("green", "matched") : paint("dim", "no     ");
  const note = step.note === undefined || step.note === "" ? "" : ` (${safeText(step.note)})`;
  const place = paint("dim", `${safeText(step.file)}:${step.line}`);
  const leaves = step.leaves.map((leaf) => {
    const sign = leaf.matched ? "+" : "-";
    return `           ${sign} ${safeText(leaf.field)}: ${safeText(leaf.value)}`;
  });
  return [`  ${mark}  ${paint("bold", safeText(step.rule))}${note}  ${place}`, ...leaves];
}

import type { Notification } from "../policy/decision.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import { renderHarmlessly, renderTemplate } from "../policy/template.ts";

/** What the texts of an answer or a notice need to know. */
export interface OutcomeWords {
  /** "INC-…" */
  readonly incident: string;
  /** Warn-agent in the answer: a host name or a pseudonym. */
  readonly agent: string;
}

/** The values of the macros that texts of rules may hold (RULES.md). */
export function templateValues(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): Record<string, string> {
  const decision = verdict.decision;
  return {
    "incident.id": words.incident,
    "incident.short": words.incident,
    "policy.name": decision?.policy ?? "default",
    "rule.id": decision?.rule?.id ?? "",
    "rule.title": decision?.rule?.title ?? "",
    "file.name": verdict.file?.name.normalized ?? "",
    "from.aor": context.from.aor,
    "to.aor": context.to.aor,
    "scan.name": verdict.scans.find((scan) => scan.name !== "")?.name ?? "",
  };
}

export interface RenderedNotification {
  readonly audience: Notification["audience"];
  readonly text: string;
}

/** The texts of the notices that a verdict asks for, macros filled in. */
export function noticesOf(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): readonly RenderedNotification[] {
  const values = templateValues(context, verdict, words);
  const notices = new Map<string, RenderedNotification>();
  for (const { audience, text } of verdict.decisions.flatMap((decision) => decision.notify)) {
    const rendered = renderTemplate(text, values);
    // Several files or receivers may ask for the same.
    notices.set(`${audience} ${rendered}`, { audience, text: rendered });
  }
  return [...notices.values()];
}

/**
 * What the receiver of a stopped file gets in its place, macros filled in; undefined: nothing. Its size is the relay's affair.
 */
export function replacementOf(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): string | undefined {
  const { decision } = verdict;
  if (decision?.replace === undefined) return undefined;
  return renderHarmlessly(decision.replace, templateValues(context, verdict, words));
}

/** The lines that rules want in the record (`log:`), macros filled in. */
export function logOf(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): readonly string[] {
  if (verdict.decisions.every((decision) => decision.log.length === 0)) return [];
  const values = templateValues(context, verdict, words);
  return verdict.decisions.flatMap((decision) =>
    decision.log.map((text) => renderTemplate(text, values)),
  );
}

export { maskNumbers } from "../policy/detectors.ts";

import { readDuration } from "../base/duration.ts";
import { checkMacros, type Names } from "./compile-definitions.ts";
import type { LinkStyle, Notice, Notification, Severity } from "./decision.ts";
import type { EffectMap, EffectsData, NoticeData } from "./effect-schema.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import { didYouMean } from "./suggest.ts";
import { renderPartly } from "./template.ts";
import { asList } from "./vocabulary.ts";

/** What a rule does on a match. */
export interface Effects {
  /** The verdict that ends the phase; undefined: evaluation goes on. */
  readonly terminal: "allow" | "block" | "quarantine" | undefined;
  readonly respond: number | undefined;
  readonly reason: string;
  readonly keepCopy: boolean;
  /** How long the copy is kept, milliseconds; undefined: as the configuration says. */
  readonly keepMs: number | undefined;
  /** Why the scan is skipped; undefined: it is not. */
  readonly skipScan: string | undefined;
  readonly rewriteStyle: LinkStyle | undefined;
  readonly notices: readonly Notice[];
  readonly notify: readonly Notification[];
  readonly tags: readonly string[];
  readonly log: readonly string[];
  readonly setSeverity: Severity | undefined;
}

export interface EffectsContext {
  readonly path: RulePath;
  readonly problems: ProblemSink;
  readonly templates: Names["templates"];
  readonly rule: { readonly id: string; readonly title: string };
}

/** Compiles `then:`. */
export function compileEffects(data: EffectsData, context: EffectsContext): Effects {
  const effects: EffectMap = typeof data === "string" ? { [data]: {} } : data;
  if (Object.values(effects).every((effect) => effect === undefined)) {
    context.problems.error(context.path, "then: does nothing", "name a verdict or an effect");
  }
  checkSkipScan(effects, context);
  return {
    terminal: terminalOf(effects, context),
    respond: effects.block?.respond,
    reason: effects.block?.reason ?? context.rule.title,
    keepCopy: effects.block !== undefined && effects.quarantine?.copy === true,
    keepMs: readDuration(effects.quarantine?.keep ?? ""),
    skipScan: effects.allow?.skip_scan === true ? (effects.allow.because ?? "") : undefined,
    rewriteStyle: styleOf(effects, context),
    notices: effects.notice === undefined ? [] : noticesOf(effects.notice, context),
    notify: notifyOf(effects, context),
    tags: asList<string>(effects.tag),
    log: effects.log === undefined ? [] : [ownText(effects.log, [...context.path, "log"], context)],
    setSeverity: effects.set_severity,
  };
}

function terminalOf(effects: EffectMap, context: EffectsContext): Effects["terminal"] {
  const named = (["allow", "block", "quarantine"] as const).filter(
    (verdict) => effects[verdict] !== undefined,
  );
  const isPair =
    named.length === 2 && effects.block !== undefined && effects.quarantine?.copy === true;
  if (named.length > 1 && !isPair) {
    const message = `a rule has one verdict, this one has ${named.join(" and ")}`;
    const hint = named.includes("allow")
      ? "leave one out, or make two rules"
      : "to refuse and keep a copy write quarantine: { copy: true } beside block";
    context.problems.error([...context.path, named.at(-1) ?? ""], message, hint);
  }
  return isPair ? "block" : named[0];
}

function checkSkipScan({ allow }: EffectMap, context: EffectsContext): void {
  if (allow?.skip_scan !== true) return;
  const path = [...context.path, "allow", "skip_scan"];
  if (allow.because === undefined) {
    context.problems.error(path, "skip_scan needs a reason", 'add because: "…"');
  } else {
    context.problems.warn(path, "what this rule allows is delivered whatever the scan finds");
  }
}

function styleOf({ rewrite }: EffectMap, context: EffectsContext): LinkStyle | undefined {
  if (rewrite === undefined) return undefined;
  const { prefix, style } = rewrite.links;
  const path = [...context.path, "rewrite", "links"];
  if (prefix === undefined && style === undefined) {
    context.problems.error(path, "does not say how links are disarmed", 'prefix: "_"');
  }
  if (prefix !== undefined && style !== undefined && style !== "underscore") {
    const hint = "leave prefix: out";
    context.problems.error(
      [...path, "style"],
      `prefix and style: ${style} exclude each other`,
      hint,
    );
  }
  return style ?? "underscore";
}

function noticesOf(data: string | NoticeData, context: EffectsContext): readonly Notice[] {
  const path = [...context.path, "notice"];
  const notice: NoticeData = typeof data === "string" ? { text: data } : data;
  const position = notice.position ?? "prepend";
  if ((notice.text === undefined) === (notice.template === undefined)) {
    context.problems.error(path, "a notice has either a text or a template");
  }
  const text =
    notice.template === undefined
      ? ownText(notice.text ?? "", typeof data === "string" ? path : [...path, "text"], context)
      : templateText(notice.template, [...path, "template"], context);
  return text === "" ? [] : [{ text, position }];
}

function notifyOf({ notify }: EffectMap, context: EffectsContext): readonly Notification[] {
  const notifications: Notification[] = [];
  for (const audience of ["sender", "recipient", "admins"] as const) {
    const template = notify?.[audience];
    if (template === undefined) continue;
    const text = templateText(template, [...context.path, "notify", audience], context);
    notifications.push({ audience, template, text });
  }
  return notifications;
}

function templateText(name: string, path: RulePath, context: EffectsContext): string {
  const text = context.templates.get(name);
  if (text === undefined) {
    const hint = didYouMean(name, context.templates.keys());
    context.problems.error(path, `there is no template "${name}"`, hint);
    return "";
  }
  return withRule(text, context);
}

function ownText(text: string, path: RulePath, context: EffectsContext): string {
  checkMacros(text, path, context.problems);
  return withRule(text, context);
}

/** Texts of several rules may meet in one message: each is told its own rule's name now. */
function withRule(text: string, { rule }: EffectsContext): string {
  return renderPartly(text, { "rule.id": rule.id, "rule.title": rule.title });
}

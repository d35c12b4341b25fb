import { readDuration } from "../base/duration.ts";
import { checkMacros, type Names } from "./compile-definitions.ts";
import type { LinkStyle, Notice, Notification, Severity, Strip } from "./decision.ts";
import type { EffectMap, EffectsData, NoticeData } from "./effect-schema.ts";
import type { TemplateData } from "./schema.ts";
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
  /** Who may release the copy; undefined: whoever may release anything. */
  readonly release: "four-eyes" | undefined;
  /** Why the scan is skipped; undefined: it is not. */
  readonly skipScan: string | undefined;
  readonly rewriteStyle: LinkStyle | undefined;
  readonly strip: Strip | undefined;
  readonly notices: readonly (Notice & Translated)[];
  /** What the receiver of a stopped file gets instead; undefined: nothing. */
  readonly replace: (Translated & { readonly text: string }) | undefined;
  readonly notify: readonly (Notification & Translated)[];
  readonly tags: readonly string[];
  readonly log: readonly string[];
  readonly setSeverity: Severity | undefined;
}

/** A text in the languages of its template; each policy takes the one that it speaks (`inLanguage`). */
export interface Translated {
  readonly languages?: TemplateData;
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
    release: effects.quarantine?.release,
    skipScan: effects.allow?.skip_scan === true ? (effects.allow.because ?? "") : undefined,
    rewriteStyle: styleOf(effects, context),
    strip: stripOf(effects, context),
    notices: effects.notice === undefined ? [] : noticesOf(effects.notice, context),
    replace: replaceOf(effects, context),
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

function stripOf({ strip }: EffectMap, context: EffectsContext): Strip | undefined {
  if (strip === undefined) return undefined;
  const acceptTypes = asList<string>(strip.accept_types).map((type) => type.toLowerCase());
  const media = asList<Strip["media"][number]>(strip.media);
  if (acceptTypes.length + media.length === 0) {
    const hint = "accept_types: text/x-msmsgsinvite, or media: app_sharing";
    context.problems.error([...context.path, "strip"], "does not say what is taken out", hint);
  }
  return { acceptTypes, media };
}

function noticesOf(data: string | NoticeData, context: EffectsContext): Effects["notices"] {
  const path = [...context.path, "notice"];
  const notice: NoticeData = typeof data === "string" ? { text: data } : data;
  const position = notice.position ?? "prepend";
  if ((notice.text === undefined) === (notice.template === undefined)) {
    context.problems.error(path, "a notice has either a text or a template");
  }
  if (notice.template !== undefined) {
    const languages = templateTexts(notice.template, [...path, "template"], context);
    return languages === undefined ? [] : [{ text: "", position, languages }];
  }
  const at = typeof data === "string" ? path : [...path, "text"];
  const text = ownText(notice.text ?? "", at, context);
  return text === "" ? [] : [{ text, position }];
}

function replaceOf(effects: EffectMap, context: EffectsContext): Effects["replace"] {
  if (effects.replace === undefined) return undefined;
  const path = [...context.path, "replace"];
  if (effects.block === undefined && effects.quarantine === undefined) {
    context.problems.error(path, "replace goes with block or quarantine", "add one of them");
  }
  const data = typeof effects.replace === "string" ? { text: effects.replace } : effects.replace;
  if ((data.text === undefined) === (data.template === undefined)) {
    context.problems.error(path, "a replacement has either a text or a template");
  }
  if (data.template !== undefined) {
    const languages = templateTexts(data.template, [...path, "template"], context);
    return languages === undefined ? undefined : { text: "", languages };
  }
  const at = typeof effects.replace === "string" ? path : [...path, "text"];
  return { text: ownText(data.text ?? "", at, context) };
}

function notifyOf({ notify }: EffectMap, context: EffectsContext): Effects["notify"] {
  const notifications: (Notification & Translated)[] = [];
  for (const audience of ["sender", "recipient", "admins"] as const) {
    const template = notify?.[audience];
    if (template === undefined) continue;
    const languages = templateTexts(template, [...context.path, "notify", audience], context);
    if (languages !== undefined) notifications.push({ audience, template, text: "", languages });
  }
  return notifications;
}

function templateTexts(
  name: string,
  path: RulePath,
  context: EffectsContext,
): TemplateData | undefined {
  const texts = context.templates.get(name);
  if (texts === undefined) {
    const hint = didYouMean(name, context.templates.keys());
    context.problems.error(path, `there is no template "${name}"`, hint);
    return undefined;
  }
  return Object.fromEntries(
    Object.entries(texts).map(([language, text]) => [language, withRule(text, context)]),
  );
}

/**
 * The effects with every text in one language: the one asked for, or that without its region ("pt" for "pt-br"), else
 * English, else the first of the template. A message has one text for all its readers.
 */
export function inLanguage(effects: Effects, language: string | undefined): Effects {
  return {
    ...effects,
    replace: effects.replace && { text: textIn(effects.replace, language) },
    notices: effects.notices.map(({ position, ...said }) => ({
      text: textIn(said, language),
      position,
    })),
    notify: effects.notify.map(({ audience, template, ...said }) => ({
      audience,
      template,
      text: textIn(said, language),
    })),
  };
}

function textIn(
  { text, languages }: Translated & { readonly text: string },
  language: string | undefined,
): string {
  if (languages === undefined) return text;
  const wanted = [language, language?.split("-")[0], "en"].flatMap((one) => one ?? []);
  const key = wanted.find((one) => Object.hasOwn(languages, one)) ?? Object.keys(languages)[0];
  return languages[key ?? ""] ?? "";
}

function ownText(text: string, path: RulePath, context: EffectsContext): string {
  checkMacros(text, path, context.problems);
  return withRule(text, context);
}

/** Texts of several rules may meet in one message: each is told its own rule's name now. */
function withRule(text: string, { rule }: EffectsContext): string {
  return renderPartly(text, { "rule.id": rule.id, "rule.title": rule.title });
}

import { compileCondition, familyUses, type FamilyUse } from "./compile-condition.ts";
import type { Names, ReadFile } from "./compile-definitions.ts";
import { compileEffects, type Effects } from "./compile-effects.ts";
import type { ConditionContext, Matcher, PolicyLimits } from "./condition.ts";
import type { ExceptionData } from "./condition-schema.ts";
import { isAboutSessions } from "./conditions/channel.ts";
import { namedKinds, type MediaData } from "./conditions/media.ts";
import type { MediaKind } from "../inspect/inspection.ts";
import type { RuleReference, Severity } from "./decision.ts";
import type { Phase } from "./facts.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import type { Mode, OverrideData, RuleData } from "./schema.ts";
import { asList } from "./vocabulary.ts";

/** A rule ready to be asked. */
export interface CompiledRule {
  readonly reference: RuleReference;
  readonly pack: string | undefined;
  readonly enabled: boolean;
  readonly mode: Mode;
  readonly phases: readonly Phase[];
  /** It asks about the scan, so it is asked after all others (RULES §4.3). */
  readonly guard: boolean;
  /** Without `when`, `unless` and `expires`: it matches whatever comes. */
  readonly unconditional: boolean;
  readonly when: Matcher;
  readonly exceptions: readonly CompiledException[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  /** Kinds of media that its condition asks for by name (`media.has`), without those that it excludes. */
  readonly namedMedia: readonly MediaKind[];
  /** A failure while the rule is evaluated counts as a match (RULES §4.7). */
  readonly failureMatches: boolean;
  readonly severity: Severity;
  readonly effects: Effects;
}

interface CompiledException {
  readonly name: string;
  readonly expiresAt: number | undefined;
  readonly when: Matcher;
}

/** A rule with its place, and the overrides that name it. */
export interface PlacedRule {
  readonly data: RuleData;
  readonly path: RulePath;
  readonly source: ReadFile;
  readonly overrides: readonly PlacedOverride[];
}

export interface PlacedOverride {
  readonly data: OverrideData;
  readonly path: RulePath;
  readonly source: ReadFile;
}

export interface RuleOptions {
  readonly names: Names;
  readonly limits: PolicyLimits;
  /** The program's own mode; a rule is never stricter. */
  readonly mode: Mode;
  readonly now: number | undefined;
}

export const PHASES = ["message", "session", "file"] as const;

/** Compiles one rule; what is wrong with it goes to the problems of its file (or of the override's). */
export function compileRule(placed: PlacedRule, options: RuleOptions): CompiledRule {
  const { data, path, source, overrides } = placed;
  const { names, limits } = options;
  const { problems } = source;
  const title = data.title ?? data.id;
  const context: ConditionContext = {
    owner: `rule ${data.id}`,
    path: [...path, "when"],
    problems,
    definitions: names.definitions,
    limits,
  };
  const uses = familyUses(data.when ?? {}, names.objects, context.path);
  const effects = compileEffects(data.then, {
    path: [...path, "then"],
    problems,
    templates: names.templates,
    rule: { id: data.id, title },
  });
  const exceptions = exceptionsOf(placed, options, context);
  const phases = phasesOf(data, uses, path, problems);
  checkStrip(effects, phases, path, problems);
  checkReplace(effects, phases, path, problems);
  const isBare = data.when === undefined || Object.keys(data.when).length === 0;
  return {
    reference: { id: data.id, title, file: source.file, line: source.lineOf(path) },
    pack: source.pack,
    enabled: lastOf(overrides, (override) => override.enabled) ?? data.enabled ?? true,
    mode: effectiveMode(placed, options.mode),
    phases,
    guard: uses.some((use) => use.condition.family === "scan"),
    unconditional: isBare && exceptions.length === 0 && data.expires === undefined,
    when: compileCondition(data.when ?? {}, names.objects, context),
    exceptions,
    expiresAt: expiryOf(data.expires, [...path, "expires"], problems, options.now),
    namedMedia: uses.flatMap(namedMediaOf),
    failureMatches: failureMatches(data, effects),
    severity: data.severity ?? source.data.defaults?.severity ?? "medium",
    effects,
  };
}

/** Only then are the bytes here, and the receiver waits for them. */
function checkReplace(
  { replace }: Effects,
  phases: readonly Phase[],
  path: RulePath,
  problems: ProblemSink,
): void {
  if (replace === undefined || phases.includes("file")) return;
  const message = `replace works in phase file, this rule is asked in ${phases.join(", ")}`;
  problems.error([...path, "then", "replace"], message, "on: file");
}

function namedMediaOf({ condition, data, negated }: FamilyUse): readonly MediaKind[] {
  if (condition.family !== "media" || negated) return [];
  return namedKinds(data as MediaData);
}

/** By default a failure counts against what would pass: no allow, but a block, a quarantine, disarmed links or what is stripped. */
function failureMatches(data: RuleData, effects: Effects): boolean {
  if (data.error_is !== undefined) return data.error_is === "match";
  if (effects.terminal !== undefined) return effects.terminal !== "allow";
  return effects.rewriteStyle !== undefined || effects.strip !== undefined;
}

/** Sessions are offered in phase session alone. */
function checkStrip(
  { strip }: Effects,
  phases: readonly Phase[],
  path: RulePath,
  problems: ProblemSink,
): void {
  if (strip === undefined || (phases.length === 1 && phases[0] === "session")) return;
  const message = `strip works in phase session, this rule is asked in ${phases.join(", ")}`;
  problems.error([...path, "then", "strip"], message, "on: session");
}

function exceptionsOf(
  placed: PlacedRule,
  options: RuleOptions,
  context: ConditionContext,
): readonly CompiledException[] {
  const { names, now } = options;
  function compile(data: ExceptionData, path: RulePath, problems: ProblemSink): CompiledException {
    if (Object.keys(data).every((key) => key === "name" || key === "expires")) {
      const hint = "say who or what is excepted, or take the rule out with enabled: false";
      problems.error(path, `exception "${data.name}" has no condition`, hint);
    }
    return {
      name: data.name,
      expiresAt: expiryOf(data.expires, [...path, "expires"], problems, now),
      // By name: exceptions of two overrides stand at the same place of their file.
      when: compileCondition(data, names.objects, {
        ...context,
        owner: `${context.owner}, except ${data.name}`,
        path,
        problems,
      }),
    };
  }
  const { data, path, source, overrides } = placed;
  return [
    ...(data.unless ?? []).map((entry, index) =>
      compile(entry, [...path, "unless", index], source.problems),
    ),
    ...overrides.flatMap((override) =>
      (override.data.add_unless ?? []).map((entry, index) =>
        compile(entry, [...override.path, "add_unless", index], override.source.problems),
      ),
    ),
  ];
}

const DAY_MS = 86_400_000;

/** The end (UTC) of the day named; a day that has passed or comes within a fortnight is worth a warning. */
function expiryOf(
  date: string | undefined,
  path: RulePath,
  problems: ProblemSink,
  now: number | undefined,
): number | undefined {
  if (date === undefined) return undefined;
  const expiresAt = Date.parse(`${date}T00:00:00Z`) + DAY_MS;
  if (now !== undefined && now >= expiresAt) {
    problems.warn(path, `expired on ${date}`, "extend it, or take it out");
  } else if (now !== undefined && now >= expiresAt - 14 * DAY_MS) {
    problems.warn(path, `expires on ${date}`);
  }
  return expiresAt;
}

/** Least strict of the program's, the file's and the rule's; an override takes the place of the latter two. */
function effectiveMode({ data, source, overrides }: PlacedRule, global: Mode): Mode {
  const override = lastOf(overrides, (entry) => entry.mode);
  const own = override ?? lenient(source.data.defaults?.mode ?? "enforce", data.mode ?? "enforce");
  return lenient(global, own);
}

function lenient(a: Mode, b: Mode): Mode {
  const order: readonly Mode[] = ["off", "monitor", "enforce"];
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
}

function lastOf<T>(
  overrides: readonly PlacedOverride[],
  read: (override: OverrideData) => T | undefined,
): T | undefined {
  return overrides.map((override) => read(override.data)).findLast((value) => value !== undefined);
}

/** `on`, or the earliest phase in which every used field exists. */
function phasesOf(
  data: RuleData,
  uses: readonly FamilyUse[],
  path: RulePath,
  problems: ProblemSink,
): readonly Phase[] {
  const needs = uses.flatMap(fieldPhases);
  const first = Math.max(0, ...needs.map((need) => PHASES.indexOf(need.phase)));
  if (data.on === undefined) {
    const earliest = PHASES[first] ?? "message";
    const isBare = uses.every((use) => use.condition.everywhere);
    return [isBare && uses.some(asksForSessions) ? "session" : earliest];
  }
  for (const [index, phase] of asList<Phase>(data.on).entries()) {
    if (PHASES.indexOf(phase) >= first) continue;
    const late = needs.find((need) => PHASES.indexOf(need.phase) > PHASES.indexOf(phase));
    const at = typeof data.on === "string" ? ["on"] : ["on", index];
    const message = `${late?.field ?? "a field"} does not exist yet in phase ${phase}`;
    problems.error([...path, ...at], message, `on: ${PHASES[first] ?? "file"}, or leave it out`);
  }
  return [...new Set(asList<Phase>(data.on))];
}

function asksForSessions(use: FamilyUse): boolean {
  return use.condition.family === "channel" && !use.negated && isAboutSessions(use.data);
}

function fieldPhases(use: FamilyUse): readonly { readonly field: string; readonly phase: Phase }[] {
  const { condition, data } = use;
  const isMap = typeof data === "object" && data !== null && !Array.isArray(data);
  const keys = isMap && condition.phases[""] === undefined ? Object.keys(data) : [""];
  return keys.map((key) => ({
    field: key === "" ? condition.family : `${condition.family}.${key}`,
    phase: condition.phases[key] ?? "message",
  }));
}

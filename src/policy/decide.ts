import { PHASES, type CompiledRule } from "./compile-rule.ts";
import type { LeafTrace, Matcher } from "./condition.ts";
import type { Decision, TraceEntry } from "./decision.ts";
import type { Facts, Phase } from "./facts.ts";
import { RuleFindings } from "./rule-findings.ts";
import { RuleSelector } from "./rule-selector.ts";

/**
 * Asks the compiled rules about one set of facts (RULES.md §4): the first policy whose condition holds picks the rules;
 * rules are asked in order and the first terminal verdict ends the phase; rules about the scan come after the others.
 * Nothing is allocated while nothing matches and no trace is wanted. Never throws: a rule that fails is counted as
 * RULES §4.7 says and reported in `ruleErrors`.
 */
export function decide(sets: readonly RuleSet[], facts: Facts, wantsTrace: boolean): Decision {
  let failures: RuleFindings | undefined;
  for (const set of sets) {
    if (set.when === undefined) return decideWith(set, facts, wantsTrace, failures);
    try {
      if (set.when.test(facts, undefined)) return decideWith(set, facts, wantsTrace, failures);
    } catch (error) {
      failures ??= new RuleFindings();
      failures.failure(`policy ${set.name}`, asError(error), undefined);
    }
  }
  throw new Error("the last rule set has no condition");
}

/** The rules in force under one policy, ready for each phase. */
export interface RuleSet {
  readonly name: string;
  /** Undefined: always; the last set is always such a one. */
  readonly when: Matcher | undefined;
  /** In effective order, with those that are off. */
  readonly rules: readonly CompiledRule[];
  readonly stages: Readonly<Record<Phase, Stage>>;
}

interface Stage {
  readonly rules: readonly CompiledRule[];
  /** Which of them are worth asking. */
  readonly selector: RuleSelector;
  /** Those that ask about the scan. */
  readonly guard: readonly CompiledRule[];
  /** What stands when no rule matched. */
  readonly fallback: Decision;
}

/** Sorts the rules of one policy by phase and stage. */
export function createRuleSet(
  policy: { readonly name: string; readonly when: Matcher | undefined },
  rules: readonly CompiledRule[],
  verdict: "allow" | "block",
): RuleSet {
  function stage(phase: Phase): Stage {
    const inForce = rules.filter((rule) => isInForce(rule) && rule.phases.includes(phase));
    const others = inForce.filter((rule) => !rule.guard);
    return {
      rules: others,
      selector: new RuleSelector(others),
      guard: inForce.filter((rule) => rule.guard),
      fallback: fallbackOf(policy.name, phase === "file" ? "allow" : verdict),
    };
  }
  const stages = { message: stage("message"), session: stage("session"), file: stage("file") };
  return { name: policy.name, when: policy.when, rules, stages };
}

/** A rule that is switched off is not asked at all. */
export function isInForce(rule: CompiledRule): boolean {
  return rule.enabled && rule.mode !== "off";
}

const NOTHING: readonly never[] = Object.freeze([]);

function fallbackOf(policy: string, verdict: "allow" | "block"): Decision {
  return Object.freeze({
    action: verdict,
    byDefault: true,
    rule: undefined,
    policy,
    respond: undefined,
    reason: verdict === "block" ? "no rule allows this" : "",
    severity: verdict === "block" ? "medium" : "info",
    tags: NOTHING,
    log: NOTHING,
    keepCopy: false,
    keepMs: undefined,
    release: undefined,
    skipScan: undefined,
    allowedMedia: NOTHING,
    linkRewrites: NOTHING,
    strips: NOTHING,
    notices: NOTHING,
    replace: undefined,
    notify: NOTHING,
    matched: NOTHING,
    monitored: NOTHING,
    ruleErrors: NOTHING,
    trace: NOTHING,
  });
}

function decideWith(
  set: RuleSet,
  facts: Facts,
  wantsTrace: boolean,
  failures: RuleFindings | undefined,
): Decision {
  const stage = set.stages[facts.phase];
  const run: Run = { findings: failures, trace: wantsTrace ? new Map() : undefined };
  if (wantsTrace) ask(stage.rules, facts, run);
  else askPicked(stage.selector, facts, run);
  const terminal = run.findings?.terminal;
  const skipped = terminal !== undefined && passesGuard(terminal);
  if (!skipped && stage.guard.length > 0) askGuard(stage.guard, facts, run);
  const { findings, trace } = run;
  if (findings === undefined && trace === undefined) return stage.fallback;
  const decided =
    findings?.decision(stage.fallback, isByDefault(findings, facts)) ?? stage.fallback;
  return trace === undefined ? decided : { ...decided, trace: fullTrace(set, facts.phase, trace) };
}

type AskedRule = Omit<TraceEntry, "phase">;

interface Run {
  findings: RuleFindings | undefined;
  readonly trace: Map<CompiledRule, AskedRule> | undefined;
}

/** The scan cannot change what this verdict says: refused already, or allowed whatever is found. */
function passesGuard({ effects }: CompiledRule): boolean {
  return effects.terminal !== "allow" || effects.skipScan !== undefined;
}

/** An allow that did not ask about the scan does not speak for what the scan found. */
function isByDefault({ terminal }: RuleFindings, facts: Facts): boolean {
  if (terminal === undefined) return true;
  return facts.phase === "file" && !terminal.guard && !passesGuard(terminal);
}

/**
 * A suspicious file was found by a heuristic. Where no rule says what becomes of it, it counts as infected; rules that
 * have matched already are not asked again.
 */
function askGuard(rules: readonly CompiledRule[], facts: Facts, run: Run): void {
  if (ask(rules, facts, run) || facts.scan?.verdict !== "suspicious") return;
  const matched = run.findings?.matched ?? [];
  const rest = rules.filter((rule) => !matched.includes(rule));
  ask(rest, { ...facts, scan: { ...facts.scan, verdict: "infected" } }, run);
}

/** Asks rules in order until a verdict ends it; true when one did. */
function ask(rules: readonly CompiledRule[], facts: Facts, run: Run): boolean {
  for (const rule of rules) if (askOne(rule, facts, run)) return true;
  return false;
}

/** As `ask`, without those rules that cannot match. */
function askPicked(selector: RuleSelector, facts: Facts, run: Run): void {
  selector.pick(facts);
  for (let at = selector.next(0); at !== -1; at = selector.next(at + 1)) {
    const rule = selector.rule(at);
    if (rule !== undefined && askOne(rule, facts, run)) return;
  }
}

/** True when the rule matched and its verdict ends the stage. */
function askOne(rule: CompiledRule, facts: Facts, run: Run): boolean {
  let matched: boolean;
  try {
    matched = run.trace === undefined ? matches(rule, facts) : traceRule(rule, facts, run.trace);
  } catch (error) {
    matched = rule.failureMatches;
    run.findings ??= new RuleFindings();
    run.findings.failure(rule.reference.id, asError(error), matched);
    if (run.trace !== undefined) noteFailure(rule, matched, run.trace);
  }
  if (!matched) return false;
  run.findings ??= new RuleFindings();
  return run.findings.take(rule, facts);
}

function matches(rule: CompiledRule, facts: Facts): boolean {
  if (rule.expiresAt !== undefined && facts.now >= rule.expiresAt) return false;
  if (!rule.when.test(facts, undefined)) return false;
  for (const exception of rule.exceptions) {
    if (exception.expiresAt !== undefined && facts.now >= exception.expiresAt) continue;
    if (exception.when.test(facts, undefined)) return false;
  }
  return true;
}

/** As `matches`, with everything written down. */
function traceRule(rule: CompiledRule, facts: Facts, trace: Map<CompiledRule, AskedRule>): boolean {
  const leaves: LeafTrace[] = [];
  let note = rule.mode === "monitor" ? "monitor" : undefined;
  const isExpired = rule.expiresAt !== undefined && facts.now >= rule.expiresAt;
  if (isExpired) note = "expired";
  let matched = !isExpired && rule.when.test(facts, leaves);
  for (const exception of matched ? rule.exceptions : NOTHING) {
    if (exception.expiresAt !== undefined && facts.now >= exception.expiresAt) continue;
    if (!exception.when.test(facts, leaves)) continue;
    note = `excepted: ${exception.name}`;
    matched = false;
    break;
  }
  trace.set(rule, entryOf(rule, matched, note, leaves));
  return matched;
}

function noteFailure(
  rule: CompiledRule,
  matched: boolean,
  trace: Map<CompiledRule, AskedRule>,
): void {
  trace.set(rule, entryOf(rule, matched, "failed", NOTHING));
}

function entryOf(
  rule: CompiledRule,
  matched: boolean,
  note: string | undefined,
  leaves: readonly LeafTrace[],
): AskedRule {
  const { id, file, line } = rule.reference;
  return { rule: id, file, line, matched, note, leaves };
}

/** Every rule of the policy in effective order, with the reason why one was not asked. */
function fullTrace(
  set: RuleSet,
  phase: Phase,
  asked: ReadonlyMap<CompiledRule, AskedRule>,
): readonly TraceEntry[] {
  return set.rules.map((rule) => {
    const entry = asked.get(rule) ?? entryOf(rule, false, reasonNotAsked(rule, phase), NOTHING);
    return { ...entry, phase };
  });
}

function reasonNotAsked(rule: CompiledRule, phase: Phase): string {
  if (!isInForce(rule)) return "off";
  if (!rule.phases.includes(phase)) {
    return `phase ${PHASES.filter((name) => rule.phases.includes(name)).join(", ")}`;
  }
  return "not reached";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

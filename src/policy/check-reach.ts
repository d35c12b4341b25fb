import type { CheckedRule } from "./check-rules.ts";
import type { Names } from "./compile-definitions.ts";
import { PHASES, type CompiledRule } from "./compile-rule.ts";
import type { ConditionData } from "./condition-schema.ts";
import { isInForce, type RuleSet } from "./decide.ts";
import type { RuleReference } from "./decision.ts";
import type { Phase } from "./facts.ts";
import { implies } from "./implies.ts";

/**
 * Warns of rules that no policy reaches: an earlier verdict always decides, or decides wherever they match. Conditions are compared
 * by their shape (implies.ts), for so many pairs as a check has time for; nothing is claimed beyond.
 */
export function checkReach(
  rules: readonly CheckedRule[],
  sets: readonly RuleSet[],
  { objects }: Names,
): void {
  const orders = sets.map((set) => PHASES.map((phase) => new Order(set, phase)));
  const conditions = new Map<RuleReference, ConditionData>(
    rules.map(({ placed, compiled }) => [compiled.reference, placed.data.when ?? {}]),
  );
  const conditionOf = (rule: CompiledRule): ConditionData => conditions.get(rule.reference) ?? {};
  let pairs = MAX_PAIRS;
  for (const { placed, compiled } of rules) {
    if (!isInForce(compiled)) continue;
    const covers: Covers = (other) => {
      if (!leavesNothing(other, compiled)) return false;
      if (other.unconditional) return true;
      pairs -= 1;
      return pairs > 0 && implies(conditionOf(compiled), conditionOf(other), objects);
    };
    const blocker = blockerOf(compiled, orders, covers, () => pairs > 0);
    if (blocker === undefined) continue;
    const { id, file, line } = blocker.reference;
    const own = placed.data.id;
    const message = blocker.unconditional
      ? `"${own}" is never reached: "${id}" before it always decides`
      : `"${own}" never decides: "${id}" before it matches whatever it matches`;
    const hint = `take it out, or move it before ${file}:${line}`;
    placed.source.problems.warn([...placed.path, "id"], message, hint);
  }
}

/** Some tenths of a second: 1,400 rules, each with each before it. */
const MAX_PAIRS = 1_000_000;

type Covers = (other: CompiledRule) => boolean;

interface Ender {
  readonly at: number;
  readonly rule: CompiledRule;
}

/** Where the rules of one policy stand in one phase, and which of them end it. */
class Order {
  readonly phase: Phase;
  readonly #place = new Map<RuleReference, number>();
  readonly #enders: Ender[] = [];
  readonly #always: Ender[] = [];

  constructor(set: RuleSet, phase: Phase) {
    this.phase = phase;
    const { rules, guard } = set.stages[phase];
    for (const [at, rule] of [...rules, ...guard].entries()) {
      this.#place.set(rule.reference, at);
      if (!endsPhase(rule)) continue;
      this.#enders.push({ at, rule });
      if (rule.unconditional) this.#always.push({ at, rule });
    }
  }

  has(rule: CompiledRule): boolean {
    return this.#place.has(rule.reference);
  }

  /** The first rule before this one that covers it; unless `all`, only those without a condition are asked. */
  blocker(rule: CompiledRule, covers: Covers, all: boolean): CompiledRule | undefined {
    const end = this.#place.get(rule.reference) ?? 0;
    for (const ender of all ? this.#enders : this.#always) {
      if (ender.at >= end) return undefined;
      if (covers(ender.rule)) return ender.rule;
    }
    return undefined;
  }
}

/** The rule that covers it; undefined: somewhere it may still decide, or no policy has it. Under a `link_mode` a rule is another object. */
function blockerOf(
  rule: CompiledRule,
  orders: readonly (readonly Order[])[],
  covers: Covers,
  all: () => boolean,
): CompiledRule | undefined {
  let first: CompiledRule | undefined;
  for (const order of orders.flat()) {
    if (!rule.phases.includes(order.phase) || !order.has(rule)) continue;
    const blocker = order.blocker(rule, covers, all());
    if (blocker === undefined) return undefined;
    first ??= blocker;
  }
  return first;
}

/** What has an end or an exception leaves something over. */
function endsPhase({ effects, mode, exceptions, expiresAt }: CompiledRule): boolean {
  if (effects.terminal === undefined || mode !== "enforce") return false;
  return exceptions.length === 0 && expiresAt === undefined;
}

/** An allow does not keep the guard stage from being asked. */
function leavesNothing(other: CompiledRule, rule: CompiledRule): boolean {
  const { terminal, skipScan } = other.effects;
  return terminal !== "allow" || !rule.guard || other.guard || skipScan !== undefined;
}

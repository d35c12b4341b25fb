import type { RuleHits } from "../filter/rule-hits.ts";
import type { Policy, RuleSummary } from "../policy/decision.ts";
import type { RuleHitsView } from "../review/ports.ts";

/** The counters of the rules in force, in their order, then those of rules that were in force once. */
export function ruleHitsView(policy: Policy, counters: RuleHits): RuleHitsView {
  const { since, rules } = counters.snapshot();
  const inForce = new Map(policy.rules.map((rule) => [rule.id, rule]));
  const gone = Object.keys(rules).filter((id) => !inForce.has(id));
  const view = (id: string, rule: RuleSummary | undefined): RuleHitsView["rules"][number] => {
    const counted = Object.hasOwn(rules, id) ? rules[id] : undefined;
    const { hits = 0, would = 0, errors = 0 } = counted ?? {};
    const mode = rule?.enabled === false ? "off" : (rule?.mode ?? "gone");
    const last = counted === undefined ? null : new Date(counted.last).toISOString();
    return { id, mode, hits, would, errors, last_hit: last };
  };
  return {
    since: new Date(since).toISOString(),
    rules: [
      ...policy.rules.map((rule) => view(rule.id, rule)),
      ...gone.map((id) => view(id, undefined)),
    ],
  };
}

import type { Verdict } from "../policy/hearing.ts";

/** How often one rule has spoken. */
export interface RuleHit {
  /** Judgements in which it matched in force, alone or among others. */
  readonly hits: number;
  /** The same in mode monitor. */
  readonly would: number;
  /** Judgements in which it could not be evaluated. */
  readonly errors: number;
  /** Milliseconds since 1970; the last of any of these. */
  readonly last: number;
}

/** The counters as they are kept over a restart. */
export interface RuleHitsSnapshot {
  readonly v: 1;
  /** When counting began, milliseconds since 1970. */
  readonly since: number;
  readonly rules: Readonly<Record<string, RuleHit>>;
}

/** Rule ids are the operator's; this only bounds what years of renaming leave behind. */
const MAX_RULES = 100_000;

/**
 * Counts, for each rule id, in how many judgements the rule matched. The counters stand beside the frozen policies, so that a reload
 * forgets nothing. Within one judgement (all texts, offers and files of a message) a rule counts once; a message that comes again with
 * the credentials it was asked for is judged again, and counts again.
 */
export class RuleHits {
  #since: number;
  readonly #rules = new Map<string, { -readonly [Key in keyof RuleHit]: RuleHit[Key] }>();

  constructor(since: number) {
    this.#since = since;
  }

  /** @param at Milliseconds since 1970. */
  take({ decisions }: Verdict, at: number): void {
    // Nothing matched, nothing failed: nearly every message.
    if (decisions.every(isSilent)) return;
    const counted = new Set<string>();
    const count = (rule: string, kind: "hits" | "would" | "errors"): void => {
      const key = `${kind} ${rule}`;
      if (counted.has(key)) return;
      counted.add(key);
      const known = this.#rules.get(rule);
      if (known === undefined && this.#rules.size >= MAX_RULES) return;
      const hit = known ?? { hits: 0, would: 0, errors: 0, last: at };
      hit[kind] += 1;
      hit.last = at;
      if (known === undefined) this.#rules.set(rule, hit);
    };
    for (const decision of decisions) {
      for (const rule of decision.matched) count(rule, "hits");
      for (const { rule } of decision.monitored) count(rule, "would");
      for (const { rule } of decision.ruleErrors) count(rule, "errors");
    }
  }

  snapshot(): RuleHitsSnapshot {
    const rules = [...this.#rules].map(([id, hit]) => [id, { ...hit }] as const);
    return { v: 1, since: this.#since, rules: Object.fromEntries(rules) };
  }

  /** Goes on from an earlier run. What is none of ours is left alone: counters are worth no refusal to start. */
  restore(snapshot: unknown): void {
    if (!isSnapshot(snapshot)) return;
    this.#since = snapshot.since;
    for (const [id, hit] of Object.entries(snapshot.rules).slice(0, MAX_RULES)) {
      if (isHit(hit)) this.#rules.set(id, { ...hit });
    }
  }
}

function isSilent({ matched, monitored, ruleErrors }: Verdict["decisions"][number]): boolean {
  return matched.length === 0 && monitored.length === 0 && ruleErrors.length === 0;
}

function isSnapshot(value: unknown): value is RuleHitsSnapshot {
  if (typeof value !== "object" || value === null) return false;
  const { v, since, rules } = value as Partial<RuleHitsSnapshot>;
  return v === 1 && isCount(since) && typeof rules === "object" && rules !== null;
}

function isHit(value: unknown): value is RuleHit {
  if (typeof value !== "object" || value === null) return false;
  const { hits, would, errors, last } = value as Partial<RuleHit>;
  return [hits, would, errors, last].every(isCount);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

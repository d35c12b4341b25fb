import type { CompiledRule } from "./compile-rule.ts";
import type { Action, Decision, LinkRewrite, Severity, Strip } from "./decision.ts";
import type { Facts } from "./facts.ts";

/** What the matching rules of one phase add up to (RULES §4.2). Made only when something matched. */
export class RuleFindings {
  readonly matched: CompiledRule[] = [];
  #terminal: CompiledRule | undefined;
  #changing: CompiledRule | undefined;
  #first: CompiledRule | undefined;
  #severity: Severity | undefined;
  readonly #rewrites = new Map<number, LinkRewrite>();
  readonly #strips: Strip[] = [];
  readonly #enforced: CompiledRule[] = [];
  readonly #monitored: { readonly rule: string; readonly would: Action }[] = [];
  readonly #ruleErrors: { readonly rule: string; readonly message: string }[] = [];

  /** The rule whose verdict stands; undefined so far. */
  get terminal(): CompiledRule | undefined {
    return this.#terminal;
  }

  failure(name: string, error: Error, matches: boolean | undefined): void {
    const counted = matches === undefined ? "" : `; counted as ${matches ? "match" : "no match"}`;
    this.#ruleErrors.push({ rule: name, message: `${error.message}${counted}` });
  }

  /** Takes a rule that matched; true when its verdict ends the phase (or the stage). */
  take(rule: CompiledRule, facts: Facts): boolean {
    this.matched.push(rule);
    if (rule.mode === "monitor") {
      this.#monitored.push({ rule: rule.reference.id, would: wouldBe(rule) });
      return false;
    }
    this.#enforced.push(rule);
    this.#first ??= rule;
    const { effects } = rule;
    if (effects.setSeverity !== undefined) this.#severity = effects.setSeverity;
    this.#rewriteLinks(rule, facts);
    this.#strip(rule, facts);
    if (effects.notices.length > 0) this.#changing ??= rule;
    if (effects.terminal === undefined) return false;
    this.#terminal = rule;
    return true;
  }

  /** Only the links that satisfied the condition; all of them when it names none (it asked about something else). */
  #rewriteLinks(rule: CompiledRule, facts: Facts): void {
    const style = rule.effects.rewriteStyle;
    if (style === undefined || facts.links.length === 0) return;
    this.#changing ??= rule;
    const links = new Set<number>();
    try {
      rule.when.collect?.(facts, links);
    } catch {
      links.clear(); // The failure itself was reported when the rule was tested.
    }
    if (links.size === 0) for (const index of facts.links.keys()) links.add(index);
    for (const link of links) {
      if (!this.#rewrites.has(link)) this.#rewrites.set(link, { link, style });
    }
  }

  /** Only what is there; a rule that finds nothing to take out changes nothing. */
  #strip(rule: CompiledRule, facts: Facts): void {
    const { strip } = rule.effects;
    if (strip === undefined) return;
    const acceptTypes = strip.acceptTypes.filter((type) => facts.acceptTypes?.includes(type));
    const media = strip.media.filter((kind) => facts.media.includes(kind));
    if (acceptTypes.length + media.length === 0) return;
    this.#changing ??= rule;
    this.#strips.push({ acceptTypes, media });
  }

  /** The decision; `fallback` is what stands when no rule matched. */
  decision(fallback: Decision, byDefault: boolean): Decision {
    const action = this.#action(fallback, byDefault);
    const edits = action === "rewrite";
    const rule = this.#responsible(action);
    const effects = this.#terminal?.effects;
    const enforced = this.#enforced;
    return {
      ...fallback,
      action,
      byDefault,
      rule: rule?.reference,
      respond: effects?.respond,
      reason: rule?.effects.reason ?? fallback.reason,
      severity: this.#severity ?? rule?.severity ?? fallback.severity,
      tags: [...new Set(enforced.flatMap((entry) => entry.effects.tags))],
      log: enforced.flatMap((entry) => entry.effects.log),
      keepCopy: effects?.keepCopy ?? false,
      keepMs: effects?.keepMs,
      release: effects?.release,
      skipScan: effects?.skipScan,
      allowedMedia: allowedMediaOf(this.#terminal),
      linkRewrites: edits ? [...this.#rewrites.values()].sort((a, b) => a.link - b.link) : [],
      strips: edits ? this.#strips : [],
      notices: edits ? enforced.flatMap((entry) => entry.effects.notices) : [],
      replace: effects?.replace?.text,
      notify: enforced.flatMap((entry) => entry.effects.notify),
      matched: enforced.map((entry) => entry.reference.id),
      monitored: this.#monitored,
      ruleErrors: this.#ruleErrors,
    };
  }

  #responsible(action: Action): CompiledRule | undefined {
    if (action === "rewrite") return this.#changing;
    if (this.#terminal !== undefined) return this.#terminal;
    return action === "block" ? undefined : this.#first; // Blocked by `defaults.verdict`, not by a rule.
  }

  #action(fallback: Decision, byDefault: boolean): Action {
    const verdict = this.#terminal?.effects.terminal;
    if (verdict === "block" || verdict === "quarantine") return verdict;
    if (byDefault && fallback.action === "block") return "block";
    return this.#changing === undefined ? "allow" : "rewrite";
  }
}

function allowedMediaOf(terminal: CompiledRule | undefined): CompiledRule["namedMedia"] {
  return terminal?.effects.terminal === "allow" ? terminal.namedMedia : [];
}

function wouldBe({ effects }: CompiledRule): Action {
  if (effects.terminal !== undefined) return effects.terminal;
  const { rewriteStyle, strip, notices } = effects;
  const changes = rewriteStyle !== undefined || strip !== undefined || notices.length > 0;
  return changes ? "rewrite" : "allow";
}

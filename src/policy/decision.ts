import type { MediaKind } from "../inspect/inspection.ts";
import type { Facts, Phase } from "./facts.ts";
import type { RuleProblem } from "./rule-problem.ts";

/** Strictest last; where several decisions meet (several files, several phases), the strictest wins. */
export const ACTIONS = ["allow", "rewrite", "quarantine", "block"] as const;

export type Action = (typeof ACTIONS)[number];

/** The stricter of two actions. */
export function stricter(a: Action, b: Action): Action {
  return ACTIONS.indexOf(a) >= ACTIONS.indexOf(b) ? a : b;
}

/** What the rules say about one set of facts in one phase. */
export interface Decision {
  readonly action: Action;
  /**
   * No rule gave a terminal verdict that covers this phase: `action` comes from `defaults.verdict`, or is `rewrite` on top
   * of it. For a file the caller then applies `scan.on_*`; an `allow` without skip_scan leaves this true there.
   */
  readonly byDefault: boolean;
  /** The rule that made the decision (the terminal one, else the first that changed something); undefined: no rule matched. */
  readonly rule: RuleReference | undefined;
  /** Name of the entry of `policies` in force ("default" when there are none). */
  readonly policy: string;
  /** SIP status the rule asks for; undefined: 606 or 403 by dialect (DESIGN §4). */
  readonly respond: number | undefined;
  /** Text for the record and for the answer: the rule's `reason`, else its title. */
  readonly reason: string;
  readonly severity: Severity;
  readonly tags: readonly string[];
  /** Lines for the record (`log:`), macros still in them. */
  readonly log: readonly string[];
  /** `quarantine: {copy: true}` beside a block: keep what was seen, although it is refused. */
  readonly keepCopy: boolean;
  /** `keep:` of the rule, milliseconds; undefined: `limits.quarantine_days`. */
  readonly keepMs: number | undefined;
  /** `release:` of the rule: two persons have to agree; undefined: one is enough. */
  readonly release: "four-eyes" | undefined;
  /** `allow` named skip_scan with this reason: what the scan finds is let through, and every hit is logged. */
  readonly skipScan: string | undefined;
  /** Of a rule whose `allow` stands: the kinds of media that it names. Applications pass by name only (decision 056). */
  readonly allowedMedia: readonly MediaKind[];
  /** Links to rewrite, by index into `Facts.links`, each at most once. */
  readonly linkRewrites: readonly LinkRewrite[];
  /** What is taken out of a session description; only what it has. */
  readonly strips: readonly Strip[];
  readonly notices: readonly Notice[];
  /** `replace:` of the rule that stopped a file: what its receiver gets instead; macros still in it. */
  readonly replace: string | undefined;
  readonly notify: readonly Notification[];
  /** Ids of the rules in force that matched, in order; those after a terminal verdict were not asked. */
  readonly matched: readonly string[];
  /** Rules in monitor mode that would have done something. */
  readonly monitored: readonly { readonly rule: string; readonly would: Action }[];
  /** `rule_error` events: a rule that could not be evaluated, and how it was counted. */
  readonly ruleErrors: readonly { readonly rule: string; readonly message: string }[];
  /** Every rule looked at, in order, when asked for (`sluice try`, `incidents explain`). */
  readonly trace: readonly TraceEntry[];
}

export type Severity = "info" | "low" | "medium" | "high" | "critical";

export interface RuleReference {
  readonly id: string;
  readonly title: string;
  readonly file: string;
  readonly line: number;
}

/** How a link is disarmed (decision 040); what each looks like stands in docs/rules.md. */
export const LINK_STYLES = ["underscore", "hxxp", "brackets", "zero-link-token", "remove"] as const;

export type LinkStyle = (typeof LINK_STYLES)[number];

export interface LinkRewrite {
  readonly link: number;
  readonly style: LinkStyle;
}

/** What a rule takes out of offers and answers. */
export interface Strip {
  /** Media types, lower case. */
  readonly acceptTypes: readonly string[];
  readonly media: readonly MediaKind[];
}

/** Text to put into the message. `text` still holds its macros; see policy/template.ts. */
export interface Notice {
  readonly text: string;
  readonly position: "prepend" | "append";
}

export interface Notification {
  readonly audience: "sender" | "recipient" | "admins";
  readonly template: string;
  /** The template's text (English, else its first language); macros still in it. */
  readonly text: string;
}

export interface TraceEntry {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly matched: boolean;
  /** The phase in which it was looked at; a rule may be so in several. */
  readonly phase: Phase;
  /** "off", "monitor", or the phase does not apply; undefined: evaluated in force. */
  readonly note: string | undefined;
  /** Leaves of the condition with the value each saw, cut to 200 characters. */
  readonly leaves: readonly {
    readonly field: string;
    readonly value: string;
    readonly matched: boolean;
  }[];
}

/** The compiled rules: frozen, swapped whole on reload. */
export interface Policy {
  /** Counts up with every accepted reload, from 1. */
  readonly generation: number;
  /** SHA-256 of the sources, hex. */
  readonly hash: string;
  /** Effective order, as `sluice rules list` prints it. */
  readonly rules: readonly RuleSummary[];
  /** What deserves a look but keeps nothing from working (allow with skip_scan, unreachable rules …). */
  readonly warnings: readonly RuleProblem[];
  decide(facts: Facts, options?: { readonly trace?: boolean }): Decision;
}

export interface RuleSummary extends RuleReference {
  readonly pack: string | undefined;
  readonly enabled: boolean;
  readonly mode: "enforce" | "monitor" | "off";
  readonly phase: string;
  readonly action: string;
}

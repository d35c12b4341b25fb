import type { JournalQueries } from "../journal/journal.ts";
import type { RuleSummary } from "../policy/decision.ts";

/** What the admin API asks of the running gateway; gateway.ts hands it in. */
export interface ReviewPorts {
  health(): Health;
  readonly incidents: JournalQueries;
  rules(): RulesView;
  /** Reads and checks the rules anew; the old ones keep serving unless all is well. */
  reload(): Promise<ReloadView>;
  stats(): Readonly<Record<string, unknown>>;
}

export interface Health {
  /** Listeners up, rules loaded, records kept. */
  readonly ready: boolean;
  /** One entry for each part; `detail` says in words what is wrong, or how it stands. */
  readonly parts: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
  }[];
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface RulesView {
  /** In effective order. */
  readonly rules: readonly RuleSummary[];
  readonly status: RulesStatus;
}

export interface RulesStatus {
  readonly generation: number;
  readonly hash: string;
  readonly loaded: number;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
  /** The last attempt, when it failed: what was wrong, one sentence each with file:line:column. */
  readonly lastFailure: { readonly at: number; readonly problems: readonly string[] } | undefined;
}

export interface ReloadView {
  readonly ok: boolean;
  readonly generation: number;
  /** One sentence each with file:line:column; warnings too. */
  readonly problems: readonly string[];
}

import type { JournalQueries } from "../journal/journal.ts";
import type { RuleSummary } from "../policy/decision.ts";

/** What the admin API asks of the running gateway; gateway.ts hands it in. */
export interface ReviewPorts {
  health(): Health;
  readonly incidents: JournalQueries;
  rules(): RulesView;
  ruleHits(): RuleHitsView;
  /** Reads and checks the rules anew; the old ones keep serving unless all is well. */
  reload(): Promise<ReloadView>;
  /** The lists and groups whose entries come from files. */
  lists(): readonly ListView[];
  /** Reads their files again, and no rules. */
  refreshLists(which: RefreshLists): Promise<readonly ListChangeView[]>;
  stats(): Promise<Readonly<Record<string, unknown>>>;
  readonly quarantine: QuarantinePort;
  readonly decisions: DecisionsPort;
  /** How the scan engines stand; `test`: probes them first. */
  engines(test: boolean): Promise<readonly EngineView[]>;
  /** File transfers under way. */
  transfers(): Promise<readonly TransferView[]>;
}

/** The kept files. Whoever implements it records downloads and deletions. */
export interface QuarantinePort {
  usage(): Promise<UsageView>;
  /** Newest first. */
  list(limit: number): Promise<readonly QuarantineView[]>;
  show(id: string): Promise<QuarantineView | undefined>;
  /** A zip under the password "infected"; undefined: no such item, or its bytes are gone. */
  download(id: string, deed: Deed): Promise<AsyncIterable<Buffer> | undefined>;
  /** Removes the bytes and keeps the story. Undefined: no such item. */
  delete(id: string, deed: Deed): Promise<QuarantineView | undefined>;
}

/** How full the quarantine is. */
export interface UsageView {
  readonly files: number;
  readonly max_files: number;
  /** With what each takes besides its size, and the stories of those that are gone. */
  readonly bytes: number;
  readonly max_bytes: number;
  readonly stories: number;
  /** The larger of the two parts: 1 is full. */
  readonly used: number;
  readonly high_water: number;
  readonly state: "room" | "above high water" | "full";
  /** RFC 3339, UTC; null: there is none. */
  readonly oldest: string | null;
  readonly newest: string | null;
  /** `limits.quarantine_days` */
  readonly days: number;
}

/** What people decide about what was stopped. Whoever implements it records each deed before it answers. */
export interface DecisionsPort {
  review(incident: string, deed: Deed): Promise<DeedAnswer>;
  deny(what: Reviewed, deed: Deed): Promise<DeedAnswer>;
  /** Scans the kept file, and lets it through once when it is sent again. */
  release(what: Reviewed, deed: ReleaseDeed): Promise<DeedAnswer>;
  /** Scans a kept file once more, and changes nothing else. */
  rescan(item: string, deed: Deed): Promise<DeedAnswer>;
}

/** An incident ("INC-…"), with what is kept of it, or one kept file, with its incident. */
export type Reviewed =
  | { readonly kind: "incident"; readonly id: string }
  | { readonly kind: "item"; readonly id: string };

/** Why, and by whom. */
export interface Deed {
  /** "" when none was given. */
  readonly reason: string;
  /** The name that the asking program gives; nobody has proven it. */
  readonly saidBy: string;
}

export interface ReleaseDeed extends Deed {
  /** One of those whom it was for; undefined: all of them. */
  readonly to: string | undefined;
  /** Also when an engine finds something now, or none could be asked. */
  readonly force: boolean;
  /** Milliseconds: how long it may be sent again. */
  readonly forMs: number;
}

export type DeedAnswer =
  | { readonly kind: "done"; readonly view: Readonly<Record<string, unknown>> }
  | DeedRefusal;

export interface DeedRefusal {
  /** not-found: no such thing; gone: no bytes any more; conflict: another decision stands against it; refused: the file itself does; bad: asked wrongly. */
  readonly kind: "not-found" | "gone" | "conflict" | "refused" | "bad";
  readonly detail: string;
}

/** One kept file (DESIGN §6, then the rest of its story). */
export interface QuarantineView {
  readonly id: string;
  /** "INC-…" */
  readonly incident: string;
  /** As sent; for display only, never a path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** Null: of one that an older version kept. */
  readonly sha1: string | null;
  /** "" when no engine named one. */
  readonly threat: string;
  /** RFC 3339, UTC. */
  readonly stored_at: string;
  /** RFC 3339, UTC: when its rule has the bytes go; null: when `limits.quarantine_days` has. */
  readonly keep_until: string | null;
  /** Who may release it: "four-eyes" when its rule wants two persons to agree; null: one is enough. */
  readonly release: "four-eyes" | null;
  /** There are bytes in the first state only. */
  readonly state: "quarantined" | "deleted" | "expired";
  readonly from: string;
  readonly to: readonly string[];
  readonly rule: string;
  readonly call_id: string;
  /** Media type by content; null when it was not recognised. */
  readonly true_type: string | null;
  readonly scan: readonly Readonly<Record<string, unknown>>[];
  /** Of one that is shown: how its incident stands, and what people did about this file; null: the incident is gone. */
  readonly incident_state?: string | null;
  readonly releases?: readonly unknown[];
  readonly reviews?: readonly unknown[];
}

export interface EngineView {
  readonly name: string;
  /** Without its answer a scan has failed. */
  readonly required: boolean;
  readonly state: "up" | "down" | "unknown";
  /** Why it is down, or what it says of itself, with the warning in brackets. */
  readonly detail: string;
  /** What should be changed although it is up; empty: nothing. */
  readonly warning?: string;
  /** RFC 3339, UTC: when its signatures were made; null: it does not say. */
  readonly signatures_at?: string | null;
  /** How old they are now; null: it does not say. */
  readonly signatures_age_seconds?: number | null;
  readonly scans: number;
  readonly errors: number;
}

export interface TransferView {
  readonly id: string;
  /** "connecting", "receiving", "scanning", "deciding", "delivering", "ending". */
  readonly state: string;
  /** Ours, at which peers dial: none when both listen, two when both dial. `port` is the first of them. */
  readonly port: number | null;
  readonly ports: readonly number[];
  /** Bytes, as announced. */
  readonly size: number;
  readonly received_bytes: number;
  readonly delivered_bytes: number;
  readonly age_ms: number;
  readonly from: string;
  readonly to: readonly string[];
  /** As offered; for display only. */
  readonly name: string;
  readonly call_id: string;
}

export interface Health {
  /** Listeners up, rules loaded, records kept, relay at work; the engines do not count (docs/operations.md). */
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

/** How often each rule has spoken, as `sluice rules hits` shows it. */
export interface RuleHitsView {
  /** When counting began: RFC 3339, UTC. */
  readonly since: string;
  readonly rules: readonly {
    readonly id: string;
    /** enforce, monitor, off; gone: no rule of this id is in force any more. */
    readonly mode: string;
    /** Judgements in which it matched in force, in which it would have in mode monitor, and in which it failed. */
    readonly hits: number;
    readonly would: number;
    readonly errors: number;
    /** RFC 3339, UTC; null: never. */
    readonly last_hit: string | null;
  }[];
}

export interface RulesStatus {
  readonly generation: number;
  readonly hash: string;
  readonly loaded: number;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
  /** The last attempt, when it failed: what was wrong, one sentence each with file:line:column. */
  readonly lastFailure: { readonly at: number; readonly problems: readonly string[] } | undefined;
  /** Lists of which the file is not what is in force. */
  readonly lists: readonly { readonly name: string; readonly trouble: string }[];
}

/** A list or group whose entries come from a file. */
export interface ListView {
  readonly name: string;
  readonly kind: "list" | "group";
  readonly type: string;
  /** Of the file. */
  readonly entries: number;
  readonly file: string;
  /** watch: when the file changes; reload: when somebody asks. */
  readonly refresh: "watch" | "reload";
  /** When these entries were read. RFC 3339, UTC. */
  readonly loaded_at: string;
  /** When the file was last looked at. */
  readonly checked_at: string;
  /** Why the file is not what is in force; null: it is. */
  readonly trouble: string | null;
}

export interface RefreshLists {
  /** Undefined: all of them. */
  readonly names: readonly string[] | undefined;
  /** Take files that have lost more than half of their entries. */
  readonly allowShrink: boolean;
}

export interface ListChangeView {
  readonly name: string;
  /** kept: the file was not believed; failed: it could not be read. What was in force stays. */
  readonly outcome: "same" | "new" | "kept" | "failed";
  readonly entries: number;
  readonly problem: string | undefined;
}

export interface ReloadView {
  readonly ok: boolean;
  readonly generation: number;
  /** One sentence each with file:line:column; warnings too. */
  readonly problems: readonly string[];
}

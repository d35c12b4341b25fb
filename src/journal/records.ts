/** The journal's own plain records. They know nothing of SIP or rules: whoever writes fills them in. */

/** One decision other than plain "allow", committed before the peer is answered. */
export interface IncidentDraft {
  /** From `Journal.incidentFor`: "INC-" and eight characters. */
  readonly id: string;
  readonly eventId: string;
  /** Further decisions of the same incident that this record stands for, having none of their own; default 0. */
  readonly repeats?: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: "message" | "session" | "transfer" | "rule_error";
  readonly callId: string;
  readonly from: string;
  /** Who has written it, by what the server of a conference says; absent: nobody says. */
  readonly actor?: string | undefined;
  readonly to: readonly string[];
  readonly direction: string;
  readonly channel: string;
  readonly action: "rewrite" | "block" | "quarantine";
  readonly rule: string;
  readonly ruleTitle: string;
  readonly ruleFile: string;
  readonly ruleLine: number;
  readonly policy: string;
  readonly severity: string;
  readonly reason: string;
  readonly tags: readonly string[];
  /** What rules wrote with `log:`; stands in the event log only. */
  readonly log?: readonly string[];
  readonly file: FileRecord | undefined;
  /** Id of the kept copy of the file; undefined when none is kept. */
  readonly quarantine?: string | undefined;
  readonly scan: readonly ScanRecord[];
  /** Links concerned, defanged (hxxp), without query string and user info. */
  readonly urls: readonly string[];
  /** The final answer that we gave; undefined while a forwarded message waits for the peer's. */
  readonly answer: { readonly status: number; readonly reason: string } | undefined;
  /** Notices asked for and what became of them. */
  readonly notify: readonly NoticeRecord[];
  /** Trace of the rules, for `incidents explain`. */
  readonly trace: readonly unknown[];
  /** What the rules were asked about, as plain JSON, so that others can be asked later (`replay`); stands in no line of the event log. */
  readonly features?: object | undefined;
}

/** One notice to one audience. */
export interface NoticeRecord {
  /** "sender", "recipient" or "admins". */
  readonly audience: string;
  /** "pending" or "not sent" as long as nothing is known; at the end a word of docs/events.md. */
  readonly state: string;
}

export interface FileRecord {
  readonly name: string;
  readonly size: number | undefined;
  readonly sha256: string | undefined;
  readonly sha1?: string | undefined;
  readonly trueType: string | undefined;
  /** How its bytes came over the network, and went on; only of a transfer that got so far. */
  readonly sent?: "encrypted" | "clear" | undefined;
}

export interface ScanRecord {
  readonly engine: string;
  readonly result: string;
  readonly threat: string | undefined;
  readonly reason: string | undefined;
  readonly ms: number;
}

export type Delivery = "forwarded" | "delivered" | "refused" | "failed" | "abandoned" | "pending";

/** A decision "allow": one line of the event log, no row. */
export interface AllowedEvent {
  readonly eventId: string;
  readonly at: number;
  readonly type: "message" | "session" | "transfer";
  readonly callId: string;
  readonly from: string;
  /** Who has written it, by what the server of a conference says; absent: nobody says. */
  readonly actor?: string | undefined;
  readonly to: readonly string[];
  readonly direction: string;
  readonly channel: string;
  readonly delivery: Delivery;
  readonly status: number | undefined;
  /** Rules in monitor mode that would have acted. */
  readonly would: readonly string[];
  /** What rules that let it pass wrote with `tag:` and `log:`; absent: nothing. */
  readonly tags?: readonly string[];
  readonly log?: readonly string[];
  /** Of a transfer: the file as it was scanned. */
  readonly file?: FileRecord | undefined;
  /** Of a message with files in it, too. */
  readonly scan?: readonly ScanRecord[] | undefined;
  /** Why what was allowed did not arrive, e.g. "sender-gone"; "" counts as none. */
  readonly reason?: string | undefined;
}

/**
 * Anything else worth a line: reloads, engines, rule errors, administration, kept files that were fetched or deleted,
 * notices and scans that belong to no decision, transfers found after a restart.
 */
export interface OperationEvent {
  readonly eventId: string;
  readonly at: number;
  readonly type:
    | "engine"
    | "reload"
    | "rule_error"
    | "admin"
    | "quarantine"
    | "notify"
    | "scan"
    | "transfer";
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
}

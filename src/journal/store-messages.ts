import type { RunningGroup } from "./incident-ids.ts";
import type { Delivery, NoticeRecord } from "./records.ts";

/** What the SIP thread and the store's worker say to each other; everything is structured-cloneable plain data. */
export type StoreRequest =
  | { readonly kind: "batch"; readonly seq: number; readonly operations: readonly StoreOperation[] }
  /** Lines that have no row: allowed decisions and operation events, each with its line end. */
  | { readonly kind: "lines"; readonly seq: number; readonly text: string }
  | { readonly kind: "reopen"; readonly seq: number }
  | { readonly kind: "close"; readonly seq: number };

export type StoreOperation = CommitOperation | SettleOperation;

export interface CommitOperation {
  readonly kind: "commit";
  readonly groupKey: string;
  /** JSON of an IncidentDraft. */
  readonly draft: string;
}

export interface SettleOperation {
  readonly kind: "settle";
  readonly eventId: string;
  readonly delivery: Delivery;
  readonly status: number | undefined;
  readonly at: number;
  /** Final states of the notices; undefined leaves what the draft says. */
  readonly notify?: readonly NoticeRecord[] | undefined;
}

export type StoreReply =
  | { readonly kind: "ready"; readonly running: readonly RunningGroup[] }
  | { readonly kind: "open-failed"; readonly message: string }
  /** `refused`: index of an operation and why that one alone was not taken. */
  | { readonly kind: "done"; readonly seq: number; readonly refused: readonly RefusedOperation[] }
  | { readonly kind: "failed"; readonly seq: number; readonly message: string }
  /** The event log can no longer be written, or can be again. */
  | { readonly kind: "log"; readonly failure: string | undefined };

export interface RefusedOperation {
  readonly index: number;
  readonly message: string;
}

/** What the worker is started with. */
export interface StoreSettings {
  readonly storeFile: string;
  readonly lockFile: string;
  readonly eventsFile: string;
  /** Of this process: rows pending under another boot id belong to one that died. */
  readonly bootId: string;
  readonly windowMs: number;
  readonly retention: StoreRetention;
}

/** Caps of what is kept (REVIEW.md §2). */
export interface StoreRetention {
  readonly incidentMs: number;
  readonly incidentRows: number;
  /** Single decisions kept under one incident; the counter goes on. */
  readonly eventsPerIncident: number;
  /** Size of one record's JSON; a longer trace is cut. */
  readonly detailsBytes: number;
  /** Lines that wait for the event log; the oldest go when it stays unwritable. */
  readonly outboxRows: number;
}

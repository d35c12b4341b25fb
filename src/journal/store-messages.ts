import type { RunningGroup } from "./incident-ids.ts";
import type { Delivery, NoticeRecord } from "./records.ts";
import type { ReviewRecord, WaiverQuestion } from "./review-record.ts";

/** What the SIP thread and the store's worker say to each other; everything is structured-cloneable plain data. */
export type StoreRequest =
  | { readonly kind: "batch"; readonly seq: number; readonly operations: readonly StoreOperation[] }
  /** Lines that have no row, each with its line end: operation events are urgent, allowed decisions are not. */
  | {
      readonly kind: "lines";
      readonly seq: number;
      readonly text: string;
      readonly isUrgent: boolean;
    }
  | { readonly kind: "reopen"; readonly seq: number }
  | { readonly kind: "close"; readonly seq: number };

export type StoreOperation =
  | CommitOperation
  | SettleOperation
  | ReviewOperation
  | TakeWaiverOperation
  | EndWaiverOperation;

/** Refused with words when the state of the incident, or what is released already, stands against it. */
export interface ReviewOperation {
  readonly kind: "review";
  readonly record: ReviewRecord;
  /** Says only what stands against it. */
  readonly isTrial?: boolean | undefined;
}

/** Refused when there is none in force. Its answer is the incident it was given for. */
export interface TakeWaiverOperation {
  readonly kind: "take-waiver";
  readonly question: WaiverQuestion;
  readonly at: number;
}

export interface EndWaiverOperation {
  readonly kind: "end-waiver";
  readonly taker: string;
  readonly delivered: boolean;
  readonly at: number;
}

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
  /** `refused`: index of an operation and why that one alone was not taken; `answered`: what one gave back. */
  | ({ readonly kind: "done"; readonly seq: number } & AppliedOperations)
  | { readonly kind: "failed"; readonly seq: number; readonly message: string }
  /** The event log can no longer be written, or can be again; lines that are not urgent wait for room, or no longer do. */
  | { readonly kind: "log"; readonly failure: string | undefined; readonly linesWait: boolean };

/** What became of the operations of a transaction, where there is something to say. */
export interface AppliedOperations {
  readonly refused: readonly RefusedOperation[];
  readonly answered?: readonly AnsweredOperation[];
}

export interface AnsweredOperation {
  readonly index: number;
  readonly value: string;
}

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
  /** Space kept for records on the disk of the store. */
  readonly reserve: { readonly file: string; readonly bytes: number };
  readonly retention: StoreRetention;
}

/** Caps of what is kept (REVIEW.md §2). */
export interface StoreRetention {
  readonly incidentMs: number;
  readonly incidentRows: number;
  /** What people did about incidents, and what they released. */
  readonly reviewMs: number;
  /** Single decisions kept under one incident; the counter goes on. */
  readonly eventsPerIncident: number;
  /** Size of one record's JSON; a longer trace is cut. */
  readonly detailsBytes: number;
  /** Lines that wait for the event log; the oldest go when it stays unwritable. */
  readonly outboxRows: number;
}

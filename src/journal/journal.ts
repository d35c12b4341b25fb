import type { ReviewOutcome, ReviewRecord, WaiverQuestion } from "./review-record.ts";
import type {
  AllowedEvent,
  Delivery,
  IncidentDraft,
  NoticeRecord,
  OperationEvent,
} from "./records.ts";

/** What was decided, kept so that any complaint that quotes INC-… can be answered. See DESIGN §4 "Records". */
export interface Journal extends AsyncDisposable {
  /**
   * The incident that decisions with this key belong to: the running one of the last ten minutes, else a new id.
   * In memory and at once, so that the id can stand in the text that is about to be sent.
   */
  incidentFor(groupKey: string): { readonly id: string; readonly repeated: boolean };
  /** Resolves when the incident is on disk (synchronous=FULL). Rejects with JournalUnavailable. */
  commit(draft: IncidentDraft): Promise<void>;
  /**
   * How the message of a committed decision ended; writes its line of the event log from the committed row.
   * `notify`: what became of its notices, in place of what the draft said. When the line is written already (a message
   * refused at once), only the notices count: the record takes them, and a line of type "notify" says so.
   */
  settle(
    eventId: string,
    delivery: Delivery,
    status: number | undefined,
    notify?: readonly NoticeRecord[],
  ): void;
  /** Bounded buffer, at the file at most a second late; what overflows is counted, never waited for. */
  allowed(event: AllowedEvent): void;
  operation(event: OperationEvent): void;
  /**
   * What a person did about an incident or a kept file: its state, the record and what is released change in one transaction, or
   * nothing does. Resolves when it is on disk. Rejects with JournalUnavailable.
   *
   * @param isTrial says only what stands against it, and changes nothing
   */
  review(record: ReviewRecord, isTrial?: boolean): Promise<ReviewOutcome>;
  /**
   * Takes the waiver for these bytes and this receiver, if there is one in force: from then on nobody else can. Resolves, when that is on
   * disk, with the incident it was given for; undefined: there is none. Rejects with JournalUnavailable.
   */
  takeWaiver(question: WaiverQuestion): Promise<string | undefined>;
  /** The transfer is over: what was delivered uses the waiver up, else it is in force again until its time is over. */
  endWaiver(taker: string, delivered: boolean): void;
  /** SIGUSR1: open the event log anew after a rotation. */
  reopen(): Promise<void>;
  readonly queries: JournalQueries;
}

/** Reading side, for the admin API. */
export interface JournalQueries {
  list(filter: IncidentFilter): Promise<readonly IncidentView[]>;
  show(id: string): Promise<IncidentView | undefined>;
}

export interface IncidentFilter {
  readonly since?: number;
  readonly until?: number;
  readonly action?: string;
  readonly rule?: string;
  readonly user?: string;
  readonly state?: string;
  readonly limit?: number;
  /** Go on behind this row: its `last_seen` (milliseconds since 1970) and id. */
  readonly before?: { readonly at: number; readonly id: string };
  /** With what the rules were asked about. */
  readonly features?: boolean;
}

/** The JSON of one incident (DESIGN §6): the latest draft of the group, its counters, and its events. */
export interface IncidentView {
  readonly id: string;
  readonly state: string;
  readonly count: number;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly direction: string;
  readonly channel: string;
  readonly action: string;
  readonly rule: string;
  readonly reason: string;
  readonly file: unknown;
  readonly scan: readonly unknown[];
  readonly answer: unknown;
  readonly severity: string;
  readonly delivery: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** What the rules were asked about, where it was asked for; null: not kept. */
  readonly features?: unknown;
  /** Of one that is shown: what people did about it, and what they released, oldest first. */
  readonly reviews?: readonly ReviewView[];
  readonly releases?: readonly ReleaseView[];
}

export interface ReviewView {
  readonly ts: string;
  readonly action: string;
  /** The kept file that it is about; null: it is about the incident alone. */
  readonly item: string | null;
  readonly sha256: string | null;
  /** What the gateway knows of who did it. */
  readonly by: string;
  /** The name that was given with it, which nobody has proven. */
  readonly said_by: string;
  readonly why: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Leave for one file to reach one receiver once. */
export interface ReleaseView {
  readonly waiver: string;
  readonly item: string;
  readonly sha256: string;
  readonly to: string;
  readonly given_at: string;
  readonly until: string;
  /** open (also when its time is over), taken, used, revoked, lost. */
  readonly state: string;
  readonly changed_at: string;
}

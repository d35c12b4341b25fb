import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { createEventId } from "./event-id.ts";
import { allowedLine, operationLine } from "./event-line.ts";
import { createIncidentIds } from "./incident-ids.ts";
import { JournalUnavailable } from "./journal-unavailable.ts";
import { journalReviews } from "./journal-reviews.ts";
import type { Journal, JournalQueries } from "./journal.ts";
import { createLineBuffer } from "./line-buffer.ts";
import { createQueryClient } from "./query-client.ts";
import { createStoreClient } from "./store-client.ts";
import { storeFile } from "./store-file.ts";
import type { StoreSettings } from "./store-messages.ts";

/**
 * The journal: incident store and event log (DESIGN §4 "Records", §6). Both are written by one worker thread, so that
 * SIP never waits for a disk unless it chose to (`commit`). It knows nothing of SIP or rules: drafts come filled in.
 * What it does not do: rotate the event log (the operator's, SIGUSR1), keep files (quarantine), count (metrics).
 * Limits: JournalLimits; every one has a default.
 */
export interface RunningJournal extends Journal {
  /** For the health page: undefined while everything can be recorded, else what is wrong, in words. */
  readonly trouble: string | undefined;
}

export interface JournalOptions {
  /** Data folder; created with mode 0700. Holds sluice.db and its lock. */
  readonly dir: string;
  readonly eventsFile: string;
  readonly clock: Clock;
  readonly limits?: Partial<JournalLimits>;
}

export interface JournalLimits {
  /** Incidents under way to the disk; beyond it commit() rejects with JOURNAL_OVERLOADED. */
  readonly drafts: number;
  /** Settlements that wait while the store fails. */
  readonly settlements: number;
  /** Lines of allowed decisions that wait; what overflows is counted. */
  readonly bufferedLines: number;
  /** How long decisions with one group key count into one incident. */
  readonly windowMs: number;
  /** Groups remembered at once, oldest out. */
  readonly groups: number;
  readonly incidentDays: number;
  readonly incidentRows: number;
  /** What people did about incidents is kept longer than these. */
  readonly reviewDays: number;
  readonly eventsPerIncident: number;
  /** Bytes of one record's JSON; a longer trace is cut. */
  readonly detailsBytes: number;
  /** Lines that wait in the store while the event log cannot be written. */
  readonly outboxRows: number;
  /** Bytes on the disk of `dir` that are kept for records when it is full otherwise. */
  readonly reserveBytes: number;
}

const DEFAULT_LIMITS: JournalLimits = {
  drafts: 5000,
  settlements: 20_000,
  bufferedLines: 10_000,
  windowMs: 600_000,
  groups: 100_000,
  incidentDays: 365,
  incidentRows: 1_000_000,
  reviewDays: 730,
  eventsPerIncident: 20,
  detailsBytes: 64 * 1024,
  outboxRows: 200_000,
  reserveBytes: 0,
};

const DAY_MS = 86_400_000;

/**
 * Opens the store, finishes what an earlier process left (pending rows become "abandoned", waiting lines are written)
 * and resolves when incidents can be recorded. Rejects with JournalUnavailable, code JOURNAL_OPEN_FAILED.
 */
export async function createJournal(options: JournalOptions): Promise<RunningJournal> {
  const { clock } = options;
  const limits: JournalLimits = { ...DEFAULT_LIMITS, ...options.limits };
  createFolders(options);
  const store = await createStoreClient(storeSettings(options, limits), clock, limits);
  const ids = createIncidentIds(
    clock,
    { windowMs: limits.windowMs, maxGroups: limits.groups },
    store.running,
  );
  const lines = createLineBuffer(
    {
      clock,
      append: (text, isUrgent) => store.append(text, isUrgent),
      lossLine: (lost) => lossLine(clock, lost),
    },
    limits.bufferedLines,
  );
  const queries: JournalQueries & AsyncDisposable = createQueryClient(storeFile(options.dir));

  return {
    queries,
    incidentFor: (groupKey) => ids.incidentFor(groupKey),
    async commit(draft) {
      const stored = store.commit(JSON.stringify(draft), ids.groupKeyOf(draft.id));
      try {
        await stored;
      } catch (error) {
        // The next decision of this group tries with an id of its own.
        ids.forget(draft.id);
        throw error;
      }
    },
    settle: (eventId, delivery, status, notify) =>
      store.settle({ eventId, delivery, status, at: clock.now(), notify }),
    allowed(event) {
      lines.push(allowedLine(event));
    },
    operation: (event) => lines.pushUrgent(operationLine(event)),
    ...journalReviews(store, ids, clock),
    async reopen() {
      await lines.flush();
      await store.reopen();
    },
    get trouble() {
      if (store.failure !== undefined) return `incidents cannot be recorded: ${store.failure}`;
      if (store.logFailure !== undefined) {
        return `the event log cannot be written, its lines wait: ${store.logFailure}`;
      }
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      // What waits for room on a full disk may wait for ever.
      if (store.logFailure === undefined && !store.linesWait) await lines.flush();
      await queries[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function storeSettings(options: JournalOptions, limits: JournalLimits): StoreSettings {
  return {
    storeFile: storeFile(options.dir),
    lockFile: join(options.dir, "sluice.lock"),
    eventsFile: options.eventsFile,
    bootId: randomUUID(),
    windowMs: limits.windowMs,
    reserve: { file: join(options.dir, "records.reserve"), bytes: limits.reserveBytes },
    retention: {
      incidentMs: limits.incidentDays * DAY_MS,
      incidentRows: limits.incidentRows,
      reviewMs: limits.reviewDays * DAY_MS,
      eventsPerIncident: limits.eventsPerIncident,
      detailsBytes: limits.detailsBytes,
      outboxRows: limits.outboxRows,
    },
  };
}

function createFolders(options: JournalOptions): void {
  try {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    mkdirSync(dirname(options.eventsFile), { recursive: true, mode: 0o750 });
  } catch (error) {
    throw new JournalUnavailable(
      "JOURNAL_OPEN_FAILED",
      `the data folder cannot be made: ${String(error)}`,
      {
        cause: error,
      },
    );
  }
}

function lossLine(clock: Clock, lost: number): string {
  const at = clock.now();
  return operationLine({
    eventId: createEventId(at),
    at,
    type: "admin",
    reason: "event log overflow: lines of allowed messages were not written",
    details: { lost },
  });
}

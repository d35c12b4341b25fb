import { DatabaseSync } from "node:sqlite";
import { createEventId } from "./event-id.ts";
import { incidentLine, noticesLine } from "./event-line.ts";
import type { RunningGroup } from "./incident-ids.ts";
import { boundRecord, incidentRow, withNotices } from "./incident-record.ts";
import { createPrivateFile } from "./private-file.ts";
import type { Delivery, IncidentDraft } from "./records.ts";
import { prepareStatements, type StoreStatements } from "./store-statements.ts";
import { inTransaction } from "./store-transaction.ts";
import { createOutbox, createRetention } from "./store-upkeep.ts";
import { migrateStore } from "./store-migrations.ts";
import { ReviewDesk } from "./review-desk.ts";
import type {
  AnsweredOperation,
  AppliedOperations,
  CommitOperation,
  RefusedOperation,
  SettleOperation,
  StoreOperation,
  StoreRetention,
} from "./store-messages.ts";

/**
 * The incident store: SQLite in WAL mode, synchronous=FULL, so that what was committed survives a power cut.
 * It runs in the journal's worker (journal-worker.ts); every call blocks its thread. A line of the event log about an
 * incident is put into the outbox by the very transaction that settles the row, so that log and store never disagree.
 * Limits: StoreRetention. Reading for people is done elsewhere (incident-queries.ts, its own connection and thread).
 */
export interface IncidentStore {
  /**
   * All operations in one transaction. Returns those that were refused by themselves (an id that exists already, a release
   * that something stands against) and what others answered; throws when nothing was kept (disk full, read-only).
   */
  apply(operations: readonly StoreOperation[]): AppliedOperations;
  /**
   * Rows left `pending` by an earlier process become `abandoned`, with their lines; waivers that it had taken are lost. Returns how
   * many rows.
   */
  abandonPending(now: number): number;
  /** Groups whose window was open at `since`, newest last. */
  runningGroups(since: number, limit: number): readonly RunningGroup[];
  /** Lines that wait for the event log, in order. */
  waitingLines(afterSeq: number, limit: number): readonly WaitingLine[];
  removeLines(upToSeq: number): void;
  /** One small step of retention; returns the number of incidents and of waiting lines deleted. */
  retain(now: number, step: number): { readonly incidents: number; readonly lines: number };
  close(): void;
}

export interface WaitingLine {
  readonly seq: number;
  readonly eventId: string;
  readonly line: string;
}

/** Opens or creates the store and migrates it. Throws what SQLite throws. */
export function openIncidentStore(
  file: string,
  bootId: string,
  retention: StoreRetention,
): IncidentStore {
  // SQLite gives its other files (-wal, -shm) the mode of the first one.
  createPrivateFile(file);
  const db = new DatabaseSync(file, { timeout: 2000 });
  try {
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL");
    db.exec("PRAGMA secure_delete = FAST");
    db.exec("PRAGMA journal_size_limit = 67108864");
    migrateStore(db);
    const writer = new IncidentWriter(db, bootId, retention);
    return {
      apply: (operations) => writer.apply(operations),
      abandonPending: (now) => writer.abandonPending(now),
      runningGroups: (since, limit) => writer.runningGroups(since, limit),
      ...createOutbox(db),
      ...createRetention(db, retention),
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

class IncidentWriter {
  readonly #db: DatabaseSync;
  readonly #statements: StoreStatements;
  readonly #bootId: string;
  readonly #retention: StoreRetention;
  readonly #reviews: ReviewDesk;

  constructor(db: DatabaseSync, bootId: string, retention: StoreRetention) {
    this.#db = db;
    this.#reviews = new ReviewDesk(db, bootId);
    this.#statements = prepareStatements(db);
    this.#bootId = bootId;
    this.#retention = retention;
  }

  apply(operations: readonly StoreOperation[]): AppliedOperations {
    return inTransaction(this.#db, () => {
      const refused: RefusedOperation[] = [];
      const answered: AnsweredOperation[] = [];
      for (const [index, operation] of operations.entries()) {
        const result = this.#applyOne(operation);
        if (result.refused !== undefined) refused.push({ index, message: result.refused });
        if (result.value !== undefined) answered.push({ index, value: result.value });
      }
      return { refused, answered };
    });
  }

  #applyOne(operation: StoreOperation): { readonly refused?: string; readonly value?: string } {
    switch (operation.kind) {
      case "settle":
        if (!this.#settle(operation.eventId, operation)) this.#noteLate(operation);
        return {};
      case "commit": {
        const message = this.#commitAlone(operation);
        return message === undefined ? {} : { refused: message };
      }
      case "review": {
        const message = this.#reviews.review(operation.record, operation.isTrial);
        return message === undefined ? {} : { refused: message };
      }
      case "take-waiver": {
        const incident = this.#reviews.take(operation.question, operation.at);
        return incident === undefined ? { refused: "nothing is released" } : { value: incident };
      }
      case "end-waiver":
        this.#reviews.end(operation);
        return {};
    }
  }

  abandonPending(now: number): number {
    return inTransaction(this.#db, () => {
      const rows = this.#statements.leftPending.all(this.#bootId);
      for (const row of rows) {
        const end = { delivery: "abandoned", status: undefined, at: now } as const;
        this.#settle(String(row["event_id"]), end);
      }
      this.#reviews.loseTaken(now);
      return rows.length;
    });
  }

  runningGroups(since: number, limit: number): readonly RunningGroup[] {
    const groups = this.#statements.running.all(since, limit).map((row) => ({
      groupKey: String(row["group_key"]),
      id: String(row["id"]),
      firstSeen: Number(row["first_seen"]),
    }));
    return groups.toReversed();
  }

  /** Returns why this draft alone is refused. What SQLite itself cannot do concerns all, and is thrown on. */
  #commitAlone(operation: CommitOperation): string | undefined {
    this.#statements.savepoint.run();
    try {
      return this.#commit(operation);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR")
        throw error;
      this.#db.exec("ROLLBACK TO draft");
      return `the draft is malformed: ${String(error)}`;
    } finally {
      if (this.#db.isTransaction) this.#statements.release.run();
    }
  }

  #commit(operation: CommitOperation): string | undefined {
    const statements = this.#statements;
    const { draft, json, traceCut } = boundRecord(operation.draft, this.#retention.detailsBytes);
    if (statements.eventExists.get(draft.eventId) !== undefined) {
      return `event ${draft.eventId} is recorded already`;
    }
    const answered = draft.answer !== undefined;
    const delivery: Delivery = answered ? "refused" : "pending";
    const row = incidentRow(draft, operation.groupKey, delivery, traceCut);
    if (statements.putIncident.run(...row).changes === 0) {
      return `incident id ${draft.id} is taken by another group`;
    }
    statements.putEvent.run(draft.eventId, draft.id, draft.at, this.#bootId, json);
    if (answered) {
      this.#settle(draft.eventId, { delivery, status: draft.answer.status, at: draft.at });
    }
    statements.trimEvents.run(draft.id, draft.id, this.#retention.eventsPerIncident);
    return undefined;
  }

  /** Only a row that is still pending; its line goes to the outbox in the same transaction. False: there is none. */
  #settle(eventId: string, end: Omit<SettleOperation, "kind" | "eventId">): boolean {
    const statements = this.#statements;
    const row = statements.pendingEvent.get(eventId);
    if (row === undefined) return false;
    const status = end.status ?? null;
    const draft = withNotices(JSON.parse(String(row["draft"])) as IncidentDraft, end.notify);
    if (end.notify !== undefined) this.#note(draft);
    const settlement = { delivery: end.delivery, status: end.status, settledAt: end.at };
    statements.settleEvent.run(end.delivery, status, end.at, eventId);
    statements.settleIncident.run(end.delivery, status, draft.id);
    statements.putLine.run(eventId, incidentLine(draft, settlement));
    return true;
  }

  /** Notices that ended after the line about their decision; sent again after a crash, they say nothing new. */
  #noteLate(operation: SettleOperation): void {
    if (operation.notify === undefined) return;
    const row = this.#statements.settledEvent.get(operation.eventId);
    if (row === undefined) return;
    const known = JSON.parse(String(row["draft"])) as IncidentDraft;
    const draft = withNotices(known, operation.notify);
    if (JSON.stringify(draft.notify) === JSON.stringify(known.notify)) return;
    this.#note(draft);
    const eventId = createEventId(operation.at);
    this.#statements.putLine.run(eventId, noticesLine(draft, eventId, operation.at));
  }

  #note(draft: IncidentDraft): void {
    this.#statements.noteEvent.run(JSON.stringify(draft), draft.eventId);
    this.#statements.noteIncident.run(JSON.stringify(draft.notify), draft.id, draft.eventId);
  }
}

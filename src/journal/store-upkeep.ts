import type { DatabaseSync } from "node:sqlite";
import type { IncidentStore } from "./incident-store.ts";
import { inTransaction } from "./store-transaction.ts";
import type { StoreRetention } from "./store-messages.ts";

/** The lines that wait for the event log. */
export function createOutbox(
  db: DatabaseSync,
): Pick<IncidentStore, "waitingLines" | "removeLines"> {
  const waiting = db.prepare(
    "SELECT seq, event_id, line FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
  );
  const remove = db.prepare("DELETE FROM outbox WHERE seq <= ?");
  return {
    waitingLines: (afterSeq, limit) =>
      waiting.all(afterSeq, limit).map((row) => ({
        seq: Number(row["seq"]),
        eventId: String(row["event_id"]),
        line: String(row["line"]),
      })),
    removeLines(upToSeq) {
      remove.run(upToSeq);
    },
  };
}

/** Deletes what is too old or too many, the oldest first, a step at a time. */
export function createRetention(
  db: DatabaseSync,
  retention: StoreRetention,
): Pick<IncidentStore, "retain"> {
  const tooOld = db.prepare(`
    DELETE FROM incidents WHERE id IN
      (SELECT id FROM incidents WHERE last_seen < ? ORDER BY last_seen LIMIT ?)`);
  const oldest = db.prepare(
    "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents ORDER BY last_seen, id LIMIT ?)",
  );
  const oldReviews = db.prepare(
    "DELETE FROM reviews WHERE rowid IN (SELECT rowid FROM reviews WHERE at < ? ORDER BY at LIMIT ?)",
  );
  const oldWaivers = db.prepare("DELETE FROM waivers WHERE expires_at < ? AND state <> 'taken'");
  const count = db.prepare("SELECT count(*) AS n FROM incidents");
  const countLines = db.prepare("SELECT count(*) AS n FROM outbox");
  const oldestLines = db.prepare(
    "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT ?)",
  );
  return {
    retain: (now, step) =>
      inTransaction(db, () => {
        let incidents = Number(tooOld.run(now - retention.incidentMs, step).changes);
        const excess = Number(count.get()?.["n"] ?? 0) - retention.incidentRows;
        if (excess > 0 && incidents < step) {
          incidents += Number(oldest.run(Math.min(excess, step - incidents)).changes);
        }
        oldReviews.run(now - retention.reviewMs, step);
        oldWaivers.run(now - retention.reviewMs);
        const late = Number(countLines.get()?.["n"] ?? 0) - retention.outboxRows;
        const lines = late > 0 ? Number(oldestLines.run(Math.min(late, step)).changes) : 0;
        return { incidents, lines };
      }),
  };
}

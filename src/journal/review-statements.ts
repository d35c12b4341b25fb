import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The statements about what people do about incidents, by what they are for. */
export interface ReviewStatements {
  readonly incident: StatementSync;
  readonly setState: StatementSync;
  readonly putReview: StatementSync;
  readonly lastReview: StatementSync;
  readonly putWaiver: StatementSync;
  readonly waiversOf: StatementSync;
  readonly revoke: StatementSync;
  readonly inForce: StatementSync;
  readonly take: StatementSync;
  readonly takenBy: StatementSync;
  readonly takenBefore: StatementSync;
  readonly end: StatementSync;
  readonly putLine: StatementSync;
}

/** Prepares them for one connection. */
export function prepareReviewStatements(db: DatabaseSync): ReviewStatements {
  return {
    incident: db.prepare("SELECT state FROM incidents WHERE id = ?"),
    setState: db.prepare("UPDATE incidents SET state = ? WHERE id = ?"),
    putReview: db.prepare(
      "INSERT INTO reviews (event_id, incident, item, at, action, record) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    lastReview: db.prepare(
      "SELECT at FROM reviews WHERE incident = ? AND action = ? ORDER BY at DESC LIMIT 1",
    ),
    putWaiver: db.prepare(`
      INSERT INTO waivers (id, incident, item, sha256, receiver, accepts, given_at, expires_at, changed_at, state)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')`),
    waiversOf: db.prepare("SELECT * FROM waivers WHERE incident = ? ORDER BY given_at DESC"),
    // Also what another incident released of the same bytes to one of the same receivers.
    revoke: db.prepare(`
      UPDATE waivers SET state = 'revoked', changed_at = :at
      WHERE state = 'open' AND (incident = :incident OR EXISTS (
        SELECT 1 FROM incidents AS denied, json_each(denied.recipients) AS one
        WHERE denied.id = :incident AND one.value = waivers.receiver
          AND coalesce(:sha256, json_extract(denied.file, '$.sha256')) = waivers.sha256))`),
    // The one that ends first is used first.
    inForce: db.prepare(`
      SELECT * FROM waivers WHERE state = 'open' AND sha256 = ? AND receiver = ? AND expires_at > ?
      ORDER BY expires_at`),
    take: db.prepare(
      "UPDATE waivers SET state = 'taken', taker = ?, boot = ?, changed_at = ? WHERE id = ? AND state = 'open'",
    ),
    takenBy: db.prepare("SELECT * FROM waivers WHERE taker = ? AND state = 'taken'"),
    takenBefore: db.prepare("SELECT * FROM waivers WHERE state = 'taken' AND boot <> ?"),
    end: db.prepare("UPDATE waivers SET state = ?, taker = NULL, changed_at = ? WHERE id = ?"),
    putLine: db.prepare("INSERT INTO outbox (event_id, line) VALUES (?, ?)"),
  };
}

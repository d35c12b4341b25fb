import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The statements of the incident store's writing side, by what they are for. */
export interface StoreStatements {
  readonly savepoint: StatementSync;
  readonly release: StatementSync;
  readonly eventExists: StatementSync;
  readonly putIncident: StatementSync;
  readonly putEvent: StatementSync;
  readonly trimEvents: StatementSync;
  readonly pendingEvent: StatementSync;
  readonly settledEvent: StatementSync;
  readonly settleEvent: StatementSync;
  readonly settleIncident: StatementSync;
  readonly noteEvent: StatementSync;
  readonly noteIncident: StatementSync;
  readonly putLine: StatementSync;
  readonly leftPending: StatementSync;
  readonly running: StatementSync;
}

/** Prepares them for one connection. */
export function prepareStatements(db: DatabaseSync): StoreStatements {
  return {
    savepoint: db.prepare("SAVEPOINT draft"),
    release: db.prepare("RELEASE draft"),
    eventExists: db.prepare("SELECT 1 AS found FROM events WHERE event_id = ?"),
    // A repeat counts and brings its own latest fields; an unrelated incident with the same id is never touched.
    putIncident: db.prepare(`
      INSERT INTO incidents (id, group_key, count, first_seen, last_seen, sender, recipients, direction, channel,
        action, rule, reason, severity, delivery, file, scan, answer, details, features)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET
        count = count + excluded.count, last_seen = max(last_seen, excluded.last_seen), sender = excluded.sender,
        recipients = excluded.recipients, direction = excluded.direction, channel = excluded.channel,
        action = excluded.action, rule = excluded.rule, reason = excluded.reason, severity = excluded.severity,
        delivery = excluded.delivery, file = excluded.file, scan = excluded.scan, answer = excluded.answer,
        details = excluded.details, features = excluded.features
      WHERE group_key = excluded.group_key OR excluded.group_key = ''`),
    putEvent: db.prepare(
      "INSERT INTO events (event_id, incident, at, boot, delivery, draft) VALUES (?, ?, ?, ?, 'pending', ?)",
    ),
    trimEvents: db.prepare(`
      DELETE FROM events WHERE incident = ? AND delivery <> 'pending' AND rowid NOT IN
        (SELECT rowid FROM events WHERE incident = ? ORDER BY at DESC, rowid DESC LIMIT ?)`),
    pendingEvent: db.prepare(
      "SELECT draft FROM events WHERE event_id = ? AND delivery = 'pending'",
    ),
    settledEvent: db.prepare(
      "SELECT draft FROM events WHERE event_id = ? AND delivery <> 'pending'",
    ),
    settleEvent: db.prepare(
      "UPDATE events SET delivery = ?, status = ?, settled_at = ? WHERE event_id = ?",
    ),
    settleIncident: db.prepare(`
      UPDATE incidents SET delivery = ?1,
        answer = CASE WHEN answer <> 'null' OR ?2 IS NULL THEN answer
                 ELSE json_object('status', CAST(?2 AS INTEGER), 'reason', '') END
      WHERE id = ?3`),
    noteEvent: db.prepare("UPDATE events SET draft = ? WHERE event_id = ?"),
    // An incident shows the latest of its decisions: notices of an earlier one are kept with that one alone.
    noteIncident: db.prepare(`
      UPDATE incidents SET details = json_set(details, '$.notify', json(?1))
      WHERE id = ?2 AND json_extract(details, '$.event_id') = ?3`),
    putLine: db.prepare("INSERT INTO outbox (event_id, line) VALUES (?, ?)"),
    leftPending: db.prepare(
      "SELECT event_id FROM events WHERE delivery = 'pending' AND boot <> ? ORDER BY at",
    ),
    running: db.prepare(`
      SELECT group_key, id, first_seen FROM incidents
      WHERE last_seen >= ?1 AND first_seen >= ?1 AND group_key <> '' ORDER BY last_seen DESC LIMIT ?2`),
  };
}

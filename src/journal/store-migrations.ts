import type { DatabaseSync } from "node:sqlite";

/** Each entry brings the store from version `index` to `index + 1` (`PRAGMA user_version`). Never edit, only append. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE incidents (
    id          TEXT PRIMARY KEY,
    group_key   TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open',
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    sender      TEXT NOT NULL,
    recipients  TEXT NOT NULL,
    direction   TEXT NOT NULL,
    channel     TEXT NOT NULL,
    action      TEXT NOT NULL,
    rule        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    severity    TEXT NOT NULL,
    delivery    TEXT NOT NULL,
    file        TEXT NOT NULL,
    scan        TEXT NOT NULL,
    answer      TEXT NOT NULL,
    details     TEXT NOT NULL
  ) STRICT;
  CREATE INDEX incidents_by_time ON incidents (last_seen, id);
  CREATE INDEX incidents_by_rule ON incidents (rule, last_seen);
  CREATE INDEX incidents_by_sender ON incidents (sender, last_seen);
  CREATE TABLE events (
    event_id    TEXT PRIMARY KEY,
    incident    TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    boot        TEXT NOT NULL,
    delivery    TEXT NOT NULL,
    status      INTEGER,
    settled_at  INTEGER,
    draft       TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_incident ON events (incident, at);
  CREATE INDEX events_pending ON events (boot) WHERE delivery = 'pending';
  CREATE TABLE outbox (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id    TEXT NOT NULL,
    line        TEXT NOT NULL
  ) STRICT;
  `,
  // What the rules were asked about; incidents of an earlier version have none.
  "ALTER TABLE incidents ADD COLUMN features TEXT NOT NULL DEFAULT 'null'",
  // What people did about them, and what was released. No reference to the incident: the record outlives it.
  `
  CREATE TABLE reviews (
    event_id    TEXT PRIMARY KEY,
    incident    TEXT NOT NULL,
    item        TEXT,
    at          INTEGER NOT NULL,
    action      TEXT NOT NULL,
    record      TEXT NOT NULL
  ) STRICT;
  CREATE INDEX reviews_by_incident ON reviews (incident, at);
  CREATE INDEX reviews_by_time ON reviews (at);
  CREATE TABLE waivers (
    id          TEXT PRIMARY KEY,
    incident    TEXT NOT NULL,
    item        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    receiver    TEXT NOT NULL,
    given_at    INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    state       TEXT NOT NULL,
    taker       TEXT,
    changed_at  INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX waivers_by_content ON waivers (sha256, receiver) WHERE state = 'open';
  CREATE INDEX waivers_by_incident ON waivers (incident);
  CREATE INDEX waivers_taken ON waivers (taker) WHERE state = 'taken';
  `,
  // What the release of a file knew of it, and the process that has taken it.
  `
  ALTER TABLE waivers ADD COLUMN accepts TEXT NOT NULL DEFAULT '';
  ALTER TABLE waivers ADD COLUMN boot TEXT NOT NULL DEFAULT '';
  `,
];

/**
 * Brings the store to the newest version, each step in its own transaction.
 * Throws when the store was written by a newer program: guessing would lose records.
 */
export function migrateStore(db: DatabaseSync): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the incident store has version ${version}, this program knows ${MIGRATIONS.length}: it was written by a newer sluice`,
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(sql);
      db.exec(`PRAGMA user_version = ${index + 1}`);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { timestamp } from "./event-line.ts";
import type { IncidentFilter, IncidentView, ReleaseView, ReviewView } from "./journal.ts";
import type { ReviewRecord } from "./review-record.ts";

/**
 * Reading the incident store for people: a read-only connection of its own, in its own thread (query-worker.ts), so
 * that a search through a million rows delays neither a commit nor SIP.
 */
export interface IncidentReader {
  list(filter: IncidentFilter): readonly IncidentView[];
  show(id: string): IncidentView | undefined;
  close(): void;
}

/** Rows of one page at most, whatever is asked for. */
export const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/** Opens the store for reading. Throws what SQLite throws. */
export function openIncidentReader(file: string): IncidentReader {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
  const events = db.prepare(`
    SELECT event_id, at, delivery, status, settled_at, json_extract(draft, '$.quarantine') AS quarantine FROM events WHERE incident = ? ORDER BY at, rowid`);
  const one = db.prepare("SELECT * FROM incidents WHERE id = ?");
  return {
    list(filter) {
      const { where, values } = conditionsOf(filter);
      const limit = Math.max(1, Math.min(filter.limit ?? DEFAULT_PAGE, MAX_PAGE));
      const sql = `SELECT * FROM incidents ${where} ORDER BY last_seen DESC, id DESC LIMIT ?`;
      return db
        .prepare(sql)
        .all(...values, limit)
        .map((row) => {
          const view = viewOf(row, undefined);
          return filter.features === true ? { ...view, features: featuresOf(row) } : view;
        });
    },
    show(id) {
      const row = one.get(id);
      if (row === undefined) return undefined;
      const view = viewOf(row, events.all(id).map(eventOf));
      // Not before: a store that an earlier version has written has no such tables.
      const reviews = db.prepare(
        "SELECT record FROM reviews WHERE incident = ? ORDER BY at, rowid",
      );
      const waivers = db.prepare(
        "SELECT * FROM waivers WHERE incident = ? ORDER BY given_at, rowid",
      );
      const done = reviews.all(id).map(reviewOf);
      return { ...view, reviews: done, releases: waivers.all(id).map(waiverOf) };
    },
    close: () => db.close(),
  };
}

function conditionsOf(filter: IncidentFilter): {
  readonly where: string;
  readonly values: readonly SQLInputValue[];
} {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...parameters: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...parameters);
  };
  if (filter.since !== undefined) add("last_seen >= ?", Math.trunc(filter.since));
  if (filter.until !== undefined) add("last_seen <= ?", Math.trunc(filter.until));
  if (filter.action !== undefined) add("action = ?", filter.action);
  if (filter.rule !== undefined) add("rule = ?", filter.rule);
  if (filter.state !== undefined) add("state = ?", filter.state);
  if (filter.before !== undefined) {
    add("(last_seen, id) < (?, ?)", Math.trunc(filter.before.at), filter.before.id);
  }
  if (filter.user !== undefined) {
    const wanted = wantedUser(filter.user);
    const test = wanted.whole ? "= ?" : "GLOB ?";
    add(
      `(sender ${test} OR EXISTS (SELECT 1 FROM json_each(recipients) WHERE value ${test}))`,
      wanted.text,
      wanted.text,
    );
  }
  return { where: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`, values };
}

/** "sip:alice@a.example" and "alice@a.example" are one address; "alice" alone is that user of any domain. */
function wantedUser(user: string): { readonly text: string; readonly whole: boolean } {
  const bare = user.replace(/^sips?:/i, "");
  if (bare.includes("@")) {
    const at = bare.lastIndexOf("@");
    const aor = `sip:${bare.slice(0, at)}@${bare.slice(at + 1).toLowerCase()}`;
    return { text: aor, whole: true };
  }
  return { text: `sip:${bare.replaceAll(/[*?[\]]/g, "[$&]")}@*`, whole: false };
}

type Row = Readonly<Record<string, SQLOutputValue>>;

function viewOf(row: Row, events: readonly unknown[] | undefined): IncidentView {
  const details = JSON.parse(text(row, "details")) as Record<string, unknown>;
  return {
    id: text(row, "id"),
    state: text(row, "state"),
    count: Number(row["count"]),
    first_seen: timestamp(Number(row["first_seen"])),
    last_seen: timestamp(Number(row["last_seen"])),
    from: text(row, "sender"),
    to: JSON.parse(text(row, "recipients")) as string[],
    direction: text(row, "direction"),
    channel: text(row, "channel"),
    action: text(row, "action"),
    rule: text(row, "rule"),
    reason: text(row, "reason"),
    file: JSON.parse(text(row, "file")) as unknown,
    scan: JSON.parse(text(row, "scan")) as unknown[],
    answer: JSON.parse(text(row, "answer")) as unknown,
    severity: text(row, "severity"),
    delivery: text(row, "delivery"),
    // A page of a list need not carry every trace.
    details: events === undefined ? { ...details, trace: undefined } : { ...details, events },
  };
}

/** Null in a store that an earlier version has written and no later one has opened. */
function featuresOf(row: Row): unknown {
  return JSON.parse(text(row, "features") || "null");
}

function eventOf(row: Row): unknown {
  const settledAt = row["settled_at"];
  return {
    event_id: text(row, "event_id"),
    ts: timestamp(Number(row["at"])),
    delivery: text(row, "delivery"),
    status: row["status"] === null ? null : Number(row["status"]),
    settled_at: settledAt === null ? null : timestamp(Number(settledAt)),
    // Each decision of a group may have kept a copy; the details name the latest one's.
    quarantine: row["quarantine"] === null ? null : text(row, "quarantine"),
  };
}

/** As in the event log. */
function reviewOf(row: Row): ReviewView {
  const record = JSON.parse(text(row, "record")) as ReviewRecord;
  const { at, action, item, sha256, actor, reason, details } = record;
  return {
    ts: timestamp(at),
    action,
    item: item ?? null,
    sha256: sha256 ?? null,
    by: actor.by,
    said_by: actor.said,
    why: reason,
    details,
  };
}

function waiverOf(row: Row): ReleaseView {
  return {
    waiver: text(row, "id"),
    item: text(row, "item"),
    sha256: text(row, "sha256"),
    to: text(row, "receiver"),
    given_at: timestamp(Number(row["given_at"])),
    until: timestamp(Number(row["expires_at"])),
    state: text(row, "state"),
    changed_at: timestamp(Number(row["changed_at"])),
  };
}

function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : "";
}

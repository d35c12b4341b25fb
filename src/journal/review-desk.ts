import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { createEventId } from "./event-id.ts";
import { capValue, timestamp } from "./event-line.ts";
import { reviewLine, waiverLine } from "./review-line.ts";
import type { ReviewAction, ReviewRecord, WaiverQuestion } from "./review-record.ts";
import { prepareReviewStatements, type ReviewStatements } from "./review-statements.ts";
import type { EndWaiverOperation } from "./store-messages.ts";

type Row = Readonly<Record<string, SQLOutputValue>>;

/** What each deed makes of an incident that is still open to it; undefined: its state stays. */
const NEXT: Readonly<Record<ReviewAction, string | undefined>> = {
  review: "reviewed",
  agree: "reviewed",
  release: "released",
  deny: "denied",
  delete: undefined,
  download: "reviewed",
  rescan: undefined,
  expire: "expired",
};

/** Those that only look do not open again what is closed, and closing for age says nothing new. */
const QUIET: ReadonlySet<ReviewAction> = new Set(["download", "rescan", "delete", "expire"]);

/**
 * The states of incidents and the waivers, in the store's own transactions: `open → reviewed → released | denied | expired`. A
 * waiver is `open` until its time is over, `taken` while a transfer uses it, then `used`, or `open` again when nothing was
 * delivered; `revoked` by a denial; `lost` when the gateway died while a transfer had it, since nobody knows what arrived.
 */
export class ReviewDesk {
  readonly #statements: ReviewStatements;
  readonly #bootId: string;

  /** @param bootId of this process: what another one had taken, nobody has any more */
  constructor(db: DatabaseSync, bootId: string) {
    this.#bootId = bootId;
    this.#statements = prepareReviewStatements(db);
  }

  /** Undefined: done, and its line waits for the event log. Else why nothing was changed. */
  review(given: ReviewRecord, isTrial = false): string | undefined {
    const statements = this.#statements;
    const record = { ...given, reason: capText(given.reason), details: capFields(given.details) };
    const row = statements.incident.get(record.incident);
    const against = this.#against(record, row);
    if (against !== undefined || isTrial) return against;
    const state = row === undefined ? "" : String(row["state"]);
    const next = NEXT[record.action];
    const isClosed = state !== "open" && state !== "reviewed";
    if (next !== undefined && row !== undefined && !(isClosed && QUIET.has(record.action))) {
      statements.setState.run(next, record.incident);
    }
    if (record.action === "deny") {
      const { at, incident, sha256 = null } = record;
      statements.revoke.run({ at, incident, sha256 });
    }
    for (const { id, sha256, receiver, expiresAt, accepts } of record.waivers ?? []) {
      const item = record.item ?? "";
      const times = [record.at, expiresAt, record.at] as const;
      statements.putWaiver.run(id, record.incident, item, sha256, receiver, accepts, ...times);
    }
    const { eventId, incident, item, at, action } = record;
    statements.putReview.run(eventId, incident, item ?? null, at, action, JSON.stringify(record));
    // What the gateway does by itself has one line for many (`type: quarantine`).
    if (action !== "expire") statements.putLine.run(eventId, reviewLine(record));
    return undefined;
  }

  /** The incident of the waiver that is taken hereby; undefined: there is none in force that knew of what is found now. */
  take(question: WaiverQuestion, at: number): string | undefined {
    const { sha256, receiver, result, taker, callId, from } = question;
    const rows = this.#statements.inForce.all(sha256, receiver, at);
    const row = rows.find((one) => covers(String(one["accepts"]), result));
    if (row === undefined) {
      const [given] = rows;
      if (given === undefined) return undefined;
      const found = { result, accepts: String(given["accepts"]), from, call_id: callId };
      this.#tell(given, at, "a released file was stopped for what its release did not know", found);
      return undefined;
    }
    this.#statements.take.run(taker, this.#bootId, at, String(row["id"]));
    this.#tell(row, at, "a released file was let through", { from, call_id: callId });
    return String(row["incident"]);
  }

  end({ taker, delivered, at }: EndWaiverOperation): void {
    const row = this.#statements.takenBy.get(taker);
    if (row === undefined) return;
    this.#statements.end.run(delivered ? "used" : "open", at, String(row["id"]));
    const what = delivered
      ? "a released file was delivered"
      : "a released file was not delivered, and may be sent once more";
    this.#tell(row, at, what, {});
  }

  loseTaken(now: number): void {
    for (const row of this.#statements.takenBefore.all(this.#bootId)) {
      this.#statements.end.run("lost", now, String(row["id"]));
      const what = "the gateway stopped while a released file was let through";
      this.#tell(row, now, what, {});
    }
  }

  /** What stands against a deed, in words for whoever asked for it. */
  #against(record: ReviewRecord, row: Row | undefined): string | undefined {
    const { action, incident } = record;
    if (QUIET.has(action)) return undefined;
    if (row === undefined) return `there is no incident ${incident} any more`;
    const state = String(row["state"]);
    const waivers = this.#statements.waiversOf.all(incident);
    if (state === "denied") return `${incident} was denied${this.#when(incident, "deny")}`;
    if (action === "deny") return denialAgainst(incident, waivers);
    if (action === "release" || action === "agree") return releaseAgainst(record, waivers);
    return state === "released" || state === "expired" ? `${incident} is ${state}` : undefined;
  }

  #when(incident: string, action: ReviewAction): string {
    const last = this.#statements.lastReview.get(incident, action);
    return last === undefined ? "" : ` at ${timestamp(Number(last["at"]))}`;
  }

  #tell(row: Row, at: number, what: string, more: Readonly<Record<string, unknown>>): void {
    const eventId = createEventId(at);
    const details = {
      incident: String(row["incident"]),
      item: String(row["item"]),
      sha256: String(row["sha256"]),
      to: String(row["receiver"]),
      waiver: String(row["id"]),
      ...more,
    };
    const line = waiverLine({ eventId, at, what, details });
    this.#statements.putLine.run(eventId, line);
  }
}

/** Whether a release after which so much was known is one of a file of which that is said now. */
function covers(accepts: string, result: WaiverQuestion["result"]): boolean {
  switch (result) {
    case "clean":
    case "unscannable":
      return true;
    case "error":
      return accepts !== "";
    case "suspicious":
    case "infected":
      return accepts === "suspicious" || accepts === "infected";
  }
}

/** A file that is through, or on its way, cannot be called back. */
function denialAgainst(incident: string, waivers: readonly Row[]): string | undefined {
  const through = waivers.find((row) => ["taken", "used", "lost"].includes(String(row["state"])));
  if (through === undefined) return undefined;
  return `${incident} was released, and its file ${throughWords(through)}`;
}

function releaseAgainst(record: ReviewRecord, waivers: readonly Row[]): string | undefined {
  const { incident, sha256, at } = record;
  const wanted = new Set(record.waivers?.map(({ receiver }) => receiver));
  const same = waivers.filter(
    (row) => row["sha256"] === sha256 && (wanted.size === 0 || wanted.has(String(row["receiver"]))),
  );
  const through = same.find((row) => ["taken", "used"].includes(String(row["state"])));
  if (through !== undefined) {
    return `${incident} was released already, and its file ${throughWords(through)}`;
  }
  const open = same.find((row) => row["state"] === "open" && Number(row["expires_at"]) > at);
  if (open === undefined) return undefined;
  const until = timestamp(Number(open["expires_at"]));
  return `${incident} was released already: its file may be sent again until ${until}`;
}

function throughWords(row: Row): string {
  const at = timestamp(Number(row["changed_at"]));
  switch (String(row["state"])) {
    case "used":
      return `was delivered at ${at}`;
    case "lost":
      return `was being delivered when the gateway stopped (noticed at ${at})`;
    default:
      return "is on its way";
  }
}

function capText(text: string): string {
  return String(capValue(text));
}

function capFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...(capValue(fields) as Record<string, unknown>) };
}

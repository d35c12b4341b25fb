import type { Clock } from "../base/clock.ts";
import { createUlid } from "../base/ulid.ts";
import type { Parties } from "../filter/notice-desk.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal, ReviewView } from "../journal/journal.ts";
import type { NoticeRecord } from "../journal/records.ts";
import type { ReviewRecord, Waiver } from "../journal/review-record.ts";
import type { QuarantineItem } from "../quarantine/quarantine.ts";
import { QuarantineFailed } from "../quarantine/quarantine-failed.ts";
import type { DeedAnswer, DeedRefusal, ReleaseDeed } from "../review/ports.ts";
import type { ScanReport } from "../scan/scan-engine.ts";
import { deedRecord } from "./deed-record.ts";
import type { KeptScans } from "./relay-messages.ts";
import { scannedFields, type ScannedFields } from "./scanned-fields.ts";

export interface ReleaseDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly scanner: KeptScans;
  /** A notice from the gateway's account. Never rejects. */
  readonly tellSender: (text: string, parties: Parties) => Promise<readonly NoticeRecord[]>;
}

/**
 * Releases a kept file: scans it once more, then gives leave for exactly its bytes to reach its receivers, once each, when they are sent
 * again. What was kept never leaves from here, so nothing can be delivered but what the sender sends and the relay hashes.
 */
export class ReleaseDesk {
  readonly #deps: ReleaseDeps;

  constructor(deps: ReleaseDeps) {
    this.#deps = deps;
  }

  async release(item: QuarantineItem, deed: ReleaseDeed): Promise<DeedAnswer> {
    const receivers = receiversOf(item, deed.to);
    if (receivers.length === 0) {
      const detail = `${item.id} was not for ${deed.to}: it was for ${item.to.join(", ")}`;
      return { kind: "bad", detail };
    }
    const trial = await this.#deps.journal.review(this.#record(item, deed, receivers), true);
    if (trial.kind === "conflict") return trial;
    const scanned = await this.scan(item);
    if (scanned.kind !== "scanned") return scanned;
    const fields = scannedFields(scanned.report);
    const record = this.#record(item, deed, receivers, acceptedOf(scanned.report));
    const against = deed.force ? undefined : findingAgainst(fields);
    if (against !== undefined) {
      const details = { ...fields, release: "refused" };
      await this.#deps.journal.review({ ...asked(record, "rescan"), details });
      return { kind: "refused", detail: `${item.id}: ${against}` };
    }
    if (item.release === "four-eyes") {
      const agreed = await this.#agreement(item, deed, record);
      if ("kind" in agreed) return agreed;
      return this.#give(item, { ...record, details: { ...fields, agreed_with: agreed.saidBy } });
    }
    const forced = findingAgainst(fields) === undefined ? undefined : { forced: true };
    return this.#give(item, { ...record, details: { ...fields, ...forced } });
  }

  /** As it lies there now. Throws QuarantineFailed when it is not what was stored. */
  async scan(
    item: QuarantineItem,
  ): Promise<{ readonly kind: "scanned"; readonly report: ScanReport } | DeedRefusal> {
    const gone = { kind: "gone", detail: `the file of ${item.id} is gone: ${item.state}` } as const;
    if (item.state !== "quarantined") return gone;
    const { id, size, sha256 } = item;
    const scanned = await this.#deps.scanner.scanKept({ id, size, sha256 });
    switch (scanned.kind) {
      case "scanned":
        return scanned;
      case "gone":
        return { kind: "gone", detail: `the file of ${id} is gone` };
      case "damaged":
        throw new QuarantineFailed("QUARANTINE_DAMAGED", scanned.detail);
      case "failed":
        throw new QuarantineFailed("QUARANTINE_FAILED", scanned.detail);
    }
  }

  /** Of two persons: the name of the one who has agreed before, or the answer to the first of them. */
  async #agreement(
    item: QuarantineItem,
    { saidBy }: ReleaseDeed,
    record: ReviewRecord,
  ): Promise<{ readonly saidBy: string } | DeedAnswer> {
    if (saidBy === "") {
      const detail = "two persons have to agree to this release: say who you are (--by)";
      return { kind: "bad", detail };
    }
    const { journal } = this.#deps;
    const view = await journal.queries.show(item.incident);
    const names = agreedTo(record, view?.reviews ?? []);
    const other = names.find((name) => name !== saidBy);
    if (other !== undefined) return { saidBy: other };
    const wanted = "another one has to agree: its rule wants two persons";
    if (names.includes(saidBy)) {
      return { kind: "conflict", detail: `${saidBy} has agreed already; ${wanted}` };
    }
    const outcome = await journal.review({ ...asked(record, "agree"), details: termsOf(record) });
    if (outcome.kind === "conflict") return outcome;
    const { id, incident } = item;
    return { kind: "done", view: { incident, item: id, state: "reviewed", waits_for: wanted } };
  }

  async #give(item: QuarantineItem, record: ReviewRecord): Promise<DeedAnswer> {
    const outcome = await this.#deps.journal.review(record);
    if (outcome.kind === "conflict") return outcome;
    const waivers = record.waivers ?? [];
    const until = new Date(waivers[0]?.expiresAt ?? 0).toISOString();
    const to = waivers.map(({ receiver }) => receiver);
    const { incident, id, name, sha256 } = item;
    const notices = await this.#tell(item, to, until);
    return {
      kind: "done",
      view: {
        incident,
        item: id,
        state: "released",
        name,
        sha256,
        to,
        until,
        notice: notices[0]?.state ?? "not sent",
        ...record.details,
      },
    };
  }

  async #tell(
    item: QuarantineItem,
    to: readonly string[],
    until: string,
  ): Promise<readonly NoticeRecord[]> {
    const { clock, journal, tellSender } = this.#deps;
    const { incident, from, name } = item;
    const day = until.slice(0, 16).replace("T", " ");
    const text = `${name || "A file"} may now be sent again, once, to ${to.join(", ")}, until ${day} UTC. Ref ${incident}`;
    const [receiver = ""] = to;
    const notified = await tellSender(text, {
      sender: { aor: from },
      receiver: { aor: receiver },
      // Of older items nobody knows how they came.
      hearing: { encrypted: item.encrypted ?? true },
    });
    const at = clock.now();
    const details = { incident, item: item.id, notified };
    const reason = "notices were sent";
    journal.operation({ eventId: createEventId(at), at, type: "notify", reason, details });
    return notified;
  }

  #record(
    item: QuarantineItem,
    deed: ReleaseDeed,
    receivers: readonly string[],
    accepts: Waiver["accepts"] = "",
  ): ReviewRecord {
    const at = this.#deps.clock.now();
    const { incident, sha256 } = item;
    const waivers = receivers.map((receiver) => ({
      id: createUlid(at),
      sha256,
      receiver,
      expiresAt: at + deed.forMs,
      accepts,
    }));
    return { ...deedRecord(at, { action: "release", incident, item, deed }), waivers };
  }
}

/** The same by the same person, but another deed. */
function asked(record: ReviewRecord, action: ReviewRecord["action"]): ReviewRecord {
  return { ...record, eventId: createEventId(record.at), action, waivers: undefined };
}

/** What the first of two persons agrees to; stands in the record of it. */
function termsOf({ waivers = [] }: ReviewRecord): Readonly<Record<string, unknown>> {
  return { to: waivers.map(({ receiver }) => receiver), accepts: waivers[0]?.accepts ?? "" };
}

/** Who has agreed to this very release since the last one: to this file, for these receivers, in spite of this finding. */
function agreedTo(record: ReviewRecord, reviews: readonly ReviewView[]): readonly string[] {
  const terms = JSON.stringify(termsOf(record));
  return reviews
    .slice(reviews.findLastIndex(({ action }) => action === "release") + 1)
    .filter(({ action, sha256 }) => action === "agree" && sha256 === record.sha256)
    .filter(({ details }) => JSON.stringify(details) === terms)
    .map((one) => one.said_by);
}

/** Why an unforced release is refused. What nobody could look into is for the person to decide, who is told so. */
function findingAgainst({ result, threat, problem }: ScannedFields): string | undefined {
  switch (result) {
    case "infected":
    case "suspicious":
      return `it is ${result} now, too (${threat}): release it with --force if you know better`;
    case "error":
      return `no engine can say anything about it now (${problem}): try later, or release it with --force`;
    default:
      return undefined;
  }
}

/** What its person overrules with --force. */
function acceptedOf({ verdict }: ScanReport): Waiver["accepts"] {
  return verdict.kind === "clean" || verdict.kind === "unscannable" ? "" : verdict.kind;
}

/** None: it was for others. */
function receiversOf({ to }: QuarantineItem, wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return to;
  const aor = /^sips?:/i.test(wanted) ? wanted : `sip:${wanted}`;
  return to.filter((one) => one === aor);
}

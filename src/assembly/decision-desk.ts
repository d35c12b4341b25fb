import type { Clock } from "../base/clock.ts";
import type { IncidentView, Journal } from "../journal/journal.ts";
import type { ReviewRecord } from "../journal/review-record.ts";
import type { QuarantineItem, QuarantineReader } from "../quarantine/quarantine.ts";
import type { Deed, DeedAnswer, DeedRefusal, DecisionsPort, Reviewed } from "../review/ports.ts";
import { deedRecord } from "./deed-record.ts";
import { keptOf } from "./kept-of-incident.ts";
import { ReleaseDesk, type ReleaseDeps } from "./release-desk.ts";
import { scannedFields } from "./scanned-fields.ts";

export interface DecisionDeps extends ReleaseDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly reader: QuarantineReader;
}

/** What people decide about incidents and kept files; each deed is on disk before it is answered. */
export function createDecisionDesk(deps: DecisionDeps): DecisionsPort {
  return new DecisionDesk(deps);
}

class DecisionDesk implements DecisionsPort {
  readonly #deps: DecisionDeps;
  readonly #releases: ReleaseDesk;
  /** One after the other: a second release waits for the scan of the first, and hears of it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: DecisionDeps) {
    this.#deps = deps;
    this.#releases = new ReleaseDesk(deps);
  }

  async review(id: string, deed: Deed): Promise<DeedAnswer> {
    if ((await this.#incident(id)) === undefined) return noIncident(id);
    return this.#decided(this.#record("review", id, undefined, deed), "reviewed");
  }

  async deny(what: Reviewed, deed: Deed): Promise<DeedAnswer> {
    return this.#inTurn(async () => {
      const item = what.kind === "item" ? await this.#deps.reader.show(what.id) : undefined;
      if (what.kind === "item" && item === undefined) return noItem(what.id);
      const incident = item?.incident ?? what.id;
      if ((await this.#incident(incident)) === undefined) return noIncident(incident);
      return this.#decided(this.#record("deny", incident, item, deed), "denied");
    });
  }

  async release(...[what, deed]: Parameters<DecisionsPort["release"]>): Promise<DeedAnswer> {
    return this.#inTurn(async () => {
      const found = await this.#keptFor(what);
      return "id" in found ? this.#releases.release(found, deed) : found;
    });
  }

  async rescan(id: string, deed: Deed): Promise<DeedAnswer> {
    const item = await this.#deps.reader.show(id);
    if (item === undefined) return noItem(id);
    const scanned = await this.#releases.scan(item);
    if (scanned.kind !== "scanned") return scanned;
    const details = scannedFields(scanned.report);
    const record = this.#record("rescan", item.incident, item, deed);
    await this.#deps.journal.review({ ...record, details });
    const { incident, name, sha256 } = item;
    return { kind: "done", view: { item: id, incident, name, sha256, ...details } };
  }

  /** The one kept file that is meant. */
  async #keptFor(what: Reviewed): Promise<QuarantineItem | DeedRefusal> {
    if (what.kind === "item") return (await this.#deps.reader.show(what.id)) ?? noItem(what.id);
    const view = await this.#incident(what.id);
    if (view === undefined) return noIncident(what.id);
    return keptOf(view, this.#deps.reader);
  }

  async #decided(record: ReviewRecord, state: string): Promise<DeedAnswer> {
    const outcome = await this.#deps.journal.review(record);
    if (outcome.kind === "conflict") return outcome;
    return { kind: "done", view: { incident: record.incident, state, why: record.reason } };
  }

  async #incident(id: string): Promise<IncidentView | undefined> {
    return this.#deps.journal.queries.show(id);
  }

  #record(
    action: ReviewRecord["action"],
    incident: string,
    item: QuarantineItem | undefined,
    deed: Deed,
  ): ReviewRecord {
    return deedRecord(this.#deps.clock.now(), { action, incident, item, deed });
  }

  async #inTurn(run: () => Promise<DeedAnswer>): Promise<DeedAnswer> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function noItem(id: string): DeedRefusal {
  return { kind: "not-found", detail: `there is no ${id.slice(0, 64)} in the quarantine` };
}

function noIncident(id: string): DeedRefusal {
  return { kind: "not-found", detail: `there is no incident ${id.slice(0, 64)}` };
}

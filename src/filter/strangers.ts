import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { Journal } from "../journal/journal.ts";
import type { IncidentDraft } from "../journal/records.ts";

/** Records of strangers for each incident and second; what comes beyond is counted, and recorded as one. */
const RECORDS_PER_SECOND = 10;
const SECOND_MS = 1000;
/** Strangers share one incident for each rule; more at a time than this are recorded early. */
const MAX_INCIDENTS = 1000;

interface Second {
  records: number;
  /** The last commit that was begun: the incident is on disk when it is. */
  committed: Promise<void>;
  /** The latest that was only counted, and how many there were before it. */
  counted: IncidentDraft | undefined;
  before: number;
}

/**
 * The record of what is refused to senders who have proven nothing. Their From may be anybody's, and they can send as
 * much as they like: their refusals share one incident for each rule (`groupKey`), and of these only a few a second are
 * written one by one, so that a flood costs neither the disk nor the places of those who are known.
 */
export class Strangers {
  readonly #journal: Journal;
  readonly #onFailure: (error: unknown) => void;
  readonly #seconds: ExpiringMap<Second>;

  constructor(journal: Journal, clock: Clock, onFailure: (error: unknown) => void) {
    this.#journal = journal;
    this.#onFailure = onFailure;
    this.#seconds = new ExpiringMap(clock, {
      ttlMs: SECOND_MS,
      maxEntries: MAX_INCIDENTS,
      onExpire: (second) => this.#recordCounted(second),
    });
  }

  /** Resolves when the incident is on disk; this refusal itself counts there a second later at the latest. */
  async record(draft: IncidentDraft): Promise<void> {
    const second = this.#seconds.get(draft.id);
    if (second === undefined) {
      const committed = this.#journal.commit(draft);
      this.#seconds.set(draft.id, { records: 1, committed, counted: undefined, before: 0 });
      return committed;
    }
    if (second.records < RECORDS_PER_SECOND) {
      second.records += 1;
      second.committed = this.#journal.commit(draft);
      return second.committed;
    }
    if (second.counted !== undefined) second.before += 1;
    second.counted = draft;
    return second.committed;
  }

  /** Records what was only counted, at shutdown. */
  close(): void {
    this.#seconds.clear();
  }

  #recordCounted({ counted, before }: Second): void {
    if (counted === undefined) return;
    this.#journal.commit({ ...counted, repeats: before }).catch(this.#onFailure);
  }
}

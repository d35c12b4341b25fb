import type { Journal } from "../../src/journal/journal.ts";
import type { ReviewRecord } from "../../src/journal/review-record.ts";
import type {
  AllowedEvent,
  Delivery,
  IncidentDraft,
  NoticeRecord,
  OperationEvent,
} from "../../src/journal/records.ts";

/** A journal that keeps what it is told, in order. `fail` makes the next commits reject. */
export interface MemoryJournal extends Journal {
  readonly drafts: IncidentDraft[];
  readonly settled: {
    eventId: string;
    delivery: Delivery;
    status: number | undefined;
    notify?: readonly NoticeRecord[];
  }[];
  readonly allowedEvents: AllowedEvent[];
  readonly operations: OperationEvent[];
  readonly reviews: ReviewRecord[];
  /** "<sha256> <receiver>" → the incident of a waiver in force. */
  readonly waivers: Map<string, string>;
  readonly endedWaivers: { taker: string; delivered: boolean }[];
  fail: Error | undefined;
}

export function createMemoryJournal(): MemoryJournal {
  const groups = new Map<string, string>();
  const journal: MemoryJournal = {
    drafts: [],
    settled: [],
    allowedEvents: [],
    operations: [],
    reviews: [],
    waivers: new Map(),
    endedWaivers: [],
    fail: undefined,
    incidentFor(groupKey) {
      const known = groups.get(groupKey);
      const id = known ?? `INC-${String(groups.size + 1).padStart(8, "0")}`;
      groups.set(groupKey, id);
      return { id, repeated: known !== undefined };
    },
    async commit(draft) {
      if (journal.fail !== undefined) throw journal.fail;
      journal.drafts.push(draft);
    },
    settle(eventId, delivery, status, notify) {
      const told = notify === undefined ? {} : { notify };
      journal.settled.push({ eventId, delivery, status, ...told });
    },
    allowed: (event) => journal.allowedEvents.push(event),
    operation: (event) => journal.operations.push(event),
    async review(record) {
      journal.reviews.push(record);
      return { kind: "done" };
    },
    async takeWaiver({ sha256, receiver }) {
      const key = `${sha256} ${receiver}`;
      const incident = journal.waivers.get(key);
      journal.waivers.delete(key);
      return incident;
    },
    endWaiver: (taker, delivered) => journal.endedWaivers.push({ taker, delivered }),
    reopen: async () => undefined,
    queries: { list: async () => [], show: async () => undefined },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return journal;
}

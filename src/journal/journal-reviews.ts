import type { Clock } from "../base/clock.ts";
import type { IncidentIds } from "./incident-ids.ts";
import type { Journal } from "./journal.ts";
import type { StoreClient } from "./store-client.ts";

/** Deeds after which an incident takes no further decisions: the next one is an incident of its own. */
const CLOSING: ReadonlySet<string> = new Set(["release", "deny", "expire"]);

/** The part of the journal about what people decide. */
export function journalReviews(
  store: StoreClient,
  ids: IncidentIds,
  clock: Clock,
): Pick<Journal, "review" | "takeWaiver" | "endWaiver"> {
  return {
    async review(record, isTrial) {
      const answer = await store.ask({ kind: "review", record, isTrial });
      if (answer.kind === "refused") return { kind: "conflict", detail: answer.message };
      if (isTrial !== true && CLOSING.has(record.action)) ids.forget(record.incident);
      return { kind: "done" };
    },
    async takeWaiver(question) {
      const answer = await store.ask({ kind: "take-waiver", question, at: clock.now() });
      return answer.kind === "done" ? answer.value : undefined;
    },
    endWaiver: (taker, delivered) =>
      store.tell({ kind: "end-waiver", taker, delivered, at: clock.now() }),
  };
}

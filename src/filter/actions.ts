import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { Inspection } from "../inspect/inspection.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { AllowedEvent, IncidentDraft } from "../journal/records.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { deliveryOf, isChallenge } from "./settlement.ts";

/** How long the same content in the same call counts as the same action: the longest retry that SIP knows. */
const SAME_ACTION_MS = 64_000;
const MAX_ACTIONS = 20_000;

/**
 * One action, one record: the same message sent again after a 401 or 407, or the text of an INVITE sent once more as a
 * MESSAGE (COMPAT(LCS 2005): a callee that does not take `ms-text-format`), is recorded once.
 */
export class Actions {
  readonly #journal: Journal;
  readonly #recorded: ExpiringMap<RecordedAction>;
  readonly #challenged: ExpiringMap<AllowedEvent>;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#recorded = new ExpiringMap(clock, {
      ttlMs: SAME_ACTION_MS,
      maxEntries: MAX_ACTIONS,
      onExpire: (action) => this.#settle(action, action.lastEnd),
    });
    this.#challenged = new ExpiringMap(clock, {
      ttlMs: SAME_ACTION_MS,
      maxEntries: MAX_ACTIONS,
      onExpire: (event) => journal.allowed(event),
    });
  }

  /** The record that this content already has, if it was stopped or changed a moment ago. */
  find(key: string): RecordedAction | undefined {
    return this.#recorded.get(key);
  }

  /** Commits a decision and remembers it; rejects when the journal cannot keep it. */
  async record(key: string, draft: IncidentDraft): Promise<RecordedAction> {
    await this.#journal.commit(draft);
    const settled = draft.answer !== undefined;
    const action: RecordedAction = {
      incident: draft.id,
      eventId: draft.eventId,
      settled,
      lastEnd: undefined,
    };
    this.#recorded.set(key, action);
    return action;
  }

  /** A changed message has come to its end; a challenge is not one, unless nothing follows it. */
  ended(action: RecordedAction, end: TransactionEnd): void {
    action.lastEnd = end;
    if (!isChallenge(end)) this.#settle(action, end);
  }

  #settle(action: RecordedAction, end: TransactionEnd | undefined): void {
    if (action.settled || end === undefined) return;
    action.settled = true;
    this.#journal.settle(action.eventId, deliveryOf(end), end.status);
  }

  /** An allowed message has come to its end: one line of the event log, after a challenge only for the last try. */
  allowed(
    event: Omit<AllowedEvent, "eventId" | "delivery" | "status">,
    key: () => string,
    end: TransactionEnd,
  ): void {
    const line = {
      ...event,
      eventId: createEventId(event.at),
      delivery: deliveryOf(end),
      status: end.status,
    };
    if (isChallenge(end)) {
      this.#challenged.set(key(), line);
      return;
    }
    if (this.#challenged.size > 0) this.#challenged.take(key());
    this.#journal.allowed(line);
  }

  /** Writes what still waits, at shutdown. */
  close(): void {
    this.#recorded.clear();
    this.#challenged.clear();
  }
}

export interface RecordedAction {
  readonly incident: string;
  readonly eventId: string;
  settled: boolean;
  lastEnd: TransactionEnd | undefined;
}

/** What makes two requests the same action: the call, the sender's tag, and the text or file. */
export function actionKey(request: SipRequest, inspection: Inspection | undefined): string {
  const hash = createHash("sha256");
  if (inspection === undefined) hash.update(request.body);
  else {
    for (const part of inspection.texts) hash.update(`t${part.shown.length}:${part.shown}`);
    for (const offer of inspection.offers) hash.update(`o${offer.name.raw}\n${offer.cookie ?? ""}`);
    for (const attachment of inspection.attachments) hash.update(attachment.bytes);
    for (const media of inspection.media) hash.update(`m${media.line}`);
  }
  return `${request.callId}\n${request.fromTag ?? ""}\n${hash.digest("base64url")}`;
}

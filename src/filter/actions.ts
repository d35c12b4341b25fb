import { hash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { Inspection } from "../inspect/inspection.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { AllowedEvent, IncidentDraft } from "../journal/records.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import { addresseeOf } from "./hearing-context.ts";
import { contentDigest } from "./content-digest.ts";
import type { RatedAction } from "./rates.ts";
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

  /** The record of the action that this request goes on with: after a challenge, or inside the session it opened. */
  find(keys: ActionKeys): RecordedAction | undefined {
    const known = this.#recorded.get(keys.own);
    if (known?.lastEnd !== undefined && isChallenge(known.lastEnd)) return known;
    if (keys.repeats === undefined) return undefined;
    // The text of an INVITE comes as a MESSAGE once; a second time it is another message.
    return this.#recorded.take(keys.repeats);
  }

  /** Commits a decision and remembers it; rejects when the journal cannot keep it. */
  async record(keys: ActionKeys, draft: IncidentDraft): Promise<RecordedAction> {
    await this.#journal.commit(draft);
    const settled = draft.answer !== undefined;
    const action: RecordedAction = {
      action: draft.action,
      incident: draft.id,
      eventId: draft.eventId,
      settled,
      lastEnd: undefined,
    };
    this.#recorded.set(keys.own, action);
    if (keys.opens !== undefined) this.#recorded.set(keys.opens, action);
    return action;
  }

  /**
   * Media closed in a response or an ACK, which come again until they are acknowledged: recorded the first time. The
   * commit is under way when this returns; what sends a response cannot wait for a disk. False: it had been recorded.
   */
  recordClosedMedia(
    draft: IncidentDraft,
    { own, session }: ClosedMediaKeys,
    onFailure: (error: unknown) => void,
  ): boolean {
    if (this.#recorded.get(own) !== undefined) return false;
    const { action, id, eventId } = draft;
    const closed = { action, incident: id, eventId, settled: true, lastEnd: undefined };
    this.#recorded.set(own, closed);
    if (session !== undefined) this.#recorded.set(session, closed);
    this.#journal.commit(draft).catch(onFailure);
    return true;
  }

  /** Something was taken out of the offer that opens or changes this session: its answer is the same action. */
  noteStripped(request: SipRequest, context: HearingContext): void {
    const key = strippedKey(request, context);
    this.#recorded.set(key, NOTED);
  }

  /** Was the offer of this session stripped a moment ago? */
  isStripped(request: SipRequest, context: HearingContext): boolean {
    return this.#recorded.get(strippedKey(request, context)) !== undefined;
  }

  /** Has this session its line, since media of it were closed? True once. */
  takeClosed({ session }: ClosedMediaKeys): boolean {
    return session !== undefined && this.#recorded.take(session) !== undefined;
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
  readonly action: IncidentDraft["action"];
  readonly incident: string;
  readonly eventId: string;
  settled: boolean;
  lastEnd: TransactionEnd | undefined;
}

/** Under which names an action is remembered. */
export interface ActionKeys {
  readonly own: string;
  /** Of an INVITE: how its text is found when it comes again inside the session. */
  readonly opens?: string;
  /** Of a MESSAGE inside a session: the `opens` of the INVITE whose text it may repeat. */
  readonly repeats?: string;
}

/**
 * What makes two requests the same action: sender, receiver, the call and its From tag, and the text or file. The
 * receiver is the Request-URI; only the way from an INVITE to its session, whose Request-URI is a Contact, goes by To.
 */
export function actionKeys(
  request: SipRequest,
  context: HearingContext,
  inspection: Inspection | undefined,
): ActionKeys {
  const call = `${request.callId}\n${request.fromTag ?? ""}\n${context.from.aor}`;
  const own = bounded(`${call}\n${contentDigest(request, [])}\n${request.requestUri}`);
  const inSession = request.toTag !== undefined;
  if (request.method !== (inSession ? "MESSAGE" : "INVITE")) return { own };
  const session = bounded(`session\n${call}\n${textKey(inspection)}\n${addresseeOf(request)}`);
  return inSession ? { own, repeats: session } : { own, opens: session };
}

/** As which action the condition `rate` counts a request, which is asked before anybody has looked inside. */
export function ratedAction(request: SipRequest, context: HearingContext): RatedAction {
  const credentials = [HeaderId.Authorization, HeaderId.ProxyAuthorization];
  return {
    key: actionKeys(request, context, undefined).own,
    credentials: credentials.filter((id) => request.find(id) >= 0).length,
  };
}

/** Under which names the closing of media is remembered. */
export interface ClosedMediaKeys {
  readonly own: string;
  /** Of the answer to an INVITE: the session that has its line by it. */
  readonly session?: string;
}

/**
 * @param request The one that the media are the answer to, or the ACK that bears them, as it was forwarded. A Call-ID is
 *   the sender's choice, and may be the same in as many calls as he likes.
 */
export function closedMediaKeys(request: SipRequest, { from }: HearingContext): ClosedMediaKeys {
  const call = `${request.callId}\n${request.fromTag ?? ""}\n${from.aor}`;
  const own = bounded(`media\n${call}\n${request.cseq.number}\n${request.requestUri}`);
  if (request.method !== "INVITE") return { own };
  return { own, session: bounded(`closed\n${call}\n${addresseeOf(request)}`) };
}

function strippedKey(request: SipRequest, { from }: HearingContext): string {
  const call = `${request.callId}\n${request.fromTag ?? ""}\n${from.aor}`;
  return bounded(`stripped\n${call}\n${addresseeOf(request)}`);
}

/** Stands for what has its record elsewhere. */
const NOTED: RecordedAction = {
  action: "rewrite",
  incident: "",
  eventId: "",
  settled: true,
  lastEnd: undefined,
};

/** What a peer may make as long as it likes is not kept as it came. */
function bounded(key: string): string {
  return hash("sha256", key, "base64url");
}

/** The texts and offers themselves: in an INVITE they stand in a header, in a MESSAGE in the body. */
function textKey(inspection: Inspection | undefined): string {
  const shown = inspection?.texts.filter(({ carrier }) => carrier !== "header");
  const texts = shown?.map((part) => part.text) ?? [];
  const offers = inspection?.offers.map((offer) => [offer.name.raw, offer.cookie]) ?? [];
  return hash("sha256", JSON.stringify([texts, offers]), "base64url");
}

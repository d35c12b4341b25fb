import { detached } from "../base/detached.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { FlowFace } from "./flow-face.ts";
import { Leg, type LegAddress } from "./leg.ts";
import { acknowledgedNumber, cseqSplice } from "./renumber.ts";
import { isSigned } from "./signed-message.ts";

/** What is kept at most; beyond it the oldest goes. */
export interface LegLimits {
  readonly calls: number;
  readonly legs: number;
}

const DEFAULT_LIMITS: LegLimits = { calls: 10_000, legs: 10_000 };
/** Legs of one call: two for each device that a fork has reached. */
const LEGS_PER_CALL = 32;
/** Signing clients of one call that are remembered. */
const SIGNERS_PER_CALL = 16;
/** A leg with longer addresses is not remembered: it would be kept for the length of a call. */
const MAX_ADDRESS_LENGTH = 4096;
const MAX_CALL_ID_LENGTH = 1024;

interface Call {
  /** How many have asked to watch it, and go on. */
  watchers: number;
  /** By `legKey`. */
  readonly legs: Map<string, Leg>;
  /** Tags of clients whose messages are signed. */
  readonly signers: Set<string>;
}

/**
 * The legs of the calls that somebody wants to speak up in (origination.ts): how a request reaches each client, and
 * which number it must bear. Everybody else's messages cost one comparison here, or a look-up while calls are watched.
 *
 * Does not: keep dialog state, know who started a call, or hold anything over a restart (a dialog whose numbers we have
 * shifted is then refused by its client with 500 until the peers begin a new one).
 */
export class DialogLegs {
  readonly #limits: LegLimits;
  readonly #calls = new Map<string, Call>();
  /** All legs, the one that was used longest ago first. */
  readonly #legs = new Set<Leg>();

  constructor(limits: LegLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Calls and legs that are held. */
  get size(): { readonly calls: number; readonly legs: number } {
    return { calls: this.#calls.size, legs: this.#legs.size };
  }

  watch(callId: string): void {
    if (callId.length > MAX_CALL_ID_LENGTH) return;
    const known = this.#calls.get(callId);
    const call = known ?? { watchers: 0, legs: new Map(), signers: new Set() };
    call.watchers += 1;
    this.#calls.delete(callId);
    this.#calls.set(detached(callId), call);
    if (this.#calls.size <= this.#limits.calls) return;
    const [oldest] = this.#calls;
    if (oldest !== undefined) this.#forgetCall(...oldest);
  }

  /** One who has asked goes. Legs whose numbers we have shifted stay also after the last: without them their dialogs would break. */
  unwatch(callId: string): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    call.watchers = Math.max(0, call.watchers - 1);
    if (call.watchers > 0) return;
    for (const leg of call.legs.values()) if (!leg.shifted) this.#forget(leg, call);
    this.#forgetIfEmpty(callId, call);
  }

  /** A request has come in: does its sender sign? */
  heardRequest(request: SipRequest, ingress: FlowFace): void {
    if (this.#calls.size === 0 || ingress.side !== "client") return;
    this.#noteSigner(this.#calls.get(request.callId), request, request.fromTag);
  }

  /** A response has come in over `face`. */
  heardResponse(request: SipRequest, response: SipResponse, face: FlowFace): void {
    if (this.#calls.size === 0) return;
    const call = this.#calls.get(request.callId);
    if (call === undefined) return;
    if (face.side === "client") this.#noteSigner(call, response, response.toTag);
    if (request.method === "BYE" && endsDialog(response.status, face)) {
      this.#endDialog(request, call);
    }
  }

  /**
   * A request leaves over `face` with this Request-URI: remembers the leg, and says which numbers have to change so that
   * the client sees an ascending row. Nothing changes on a leg on which nothing was originated, or which is signed.
   */
  leaving(request: SipRequest, face: FlowFace, requestUri: string): readonly Splice[] {
    if (this.#calls.size === 0 || face.side !== "client") return NOTHING;
    const call = this.#calls.get(request.callId);
    const { toTag } = request;
    if (call === undefined || toTag === undefined) return NOTHING;
    this.#noteSigner(call, request, toTag);
    const leg = this.#legFor(call, request, { face, requestUri });
    if (leg === undefined) return NOTHING;
    const { number } = request.cseq;
    if (call.signers.has(toTag)) {
      leg.passed(number, 0);
      return NOTHING;
    }
    const offset = leg.offsetOf(number);
    leg.passed(number, offset);
    return leg.shifted ? numberSplices(request, leg, offset) : NOTHING;
  }

  /** The leg on which a request from one peer reaches the other. */
  find(callId: string, fromTag: string, toTag: string): Leg | "signed" | undefined {
    const call = this.#calls.get(callId);
    const leg = call?.legs.get(legKey(fromTag, toTag));
    if (call === undefined || leg === undefined) return undefined;
    const unsure = call.signers.size >= SIGNERS_PER_CALL;
    return unsure || call.signers.has(toTag) ? "signed" : leg;
  }

  #legFor(
    call: Call,
    request: SipRequest,
    way: { readonly face: FlowFace; readonly requestUri: string },
  ): Leg | undefined {
    const { fromTag = "", toTag = "" } = request;
    const known = call.legs.get(legKey(fromTag, toTag));
    if (known === undefined && call.watchers === 0) return undefined;
    const address = addressOf(request, way, known?.address);
    if (known !== undefined) {
      // One that is too long to keep leaves the old one, for the numbers must go on.
      known.address = address ?? known.address;
      this.#legs.delete(known);
      this.#legs.add(known);
      return known;
    }
    if (address === undefined) return undefined;
    const leg = new Leg(
      { callId: detached(request.callId), fromTag: detached(fromTag), toTag: detached(toTag) },
      address,
      request.cseq.number,
    );
    if (call.legs.size >= LEGS_PER_CALL) this.#forget(oldestOf(call.legs.values()), call);
    else if (this.#legs.size >= this.#limits.legs) this.#forget(oldestOf(this.#legs));
    call.legs.set(legKey(leg.fromTag, leg.toTag), leg);
    this.#legs.add(leg);
    return leg;
  }

  #noteSigner(
    call: Call | undefined,
    message: SipRequest | SipResponse,
    tag: string | undefined,
  ): void {
    if (call === undefined || tag === undefined || call.signers.size >= SIGNERS_PER_CALL) return;
    if (isSigned(message)) call.signers.add(detached(tag));
  }

  #endDialog(bye: SipRequest, call: Call): void {
    const { fromTag = "", toTag = "" } = bye;
    this.#forget(call.legs.get(legKey(fromTag, toTag)), call);
    this.#forget(call.legs.get(legKey(toTag, fromTag)), call);
    this.#forgetIfEmpty(bye.callId, call);
  }

  #forget(leg: Leg | undefined, call?: Call): void {
    if (leg === undefined) return;
    this.#legs.delete(leg);
    const of = call ?? this.#calls.get(leg.callId);
    of?.legs.delete(legKey(leg.fromTag, leg.toTag));
    if (call === undefined && of !== undefined) this.#forgetIfEmpty(leg.callId, of);
  }

  #forgetIfEmpty(callId: string, call: Call): void {
    if (call.watchers === 0 && call.legs.size === 0) this.#calls.delete(callId);
  }

  #forgetCall(callId: string, call: Call): void {
    for (const leg of call.legs.values()) this.#legs.delete(leg);
    this.#calls.delete(callId);
  }
}

const NOTHING: readonly Splice[] = [];

/** A 481 of the server may mean anything (it was restarted, the BYE was made up); that of the client means this dialog. */
function endsDialog(status: number, face: FlowFace): boolean {
  return (status >= 200 && status < 300) || (status === 481 && face.side === "client");
}

function numberSplices(request: SipRequest, leg: Leg, offset: number): readonly Splice[] {
  const splices: Splice[] = [];
  if (offset > 0) splices.push(cseqSplice(request, String(request.cseq.number + offset)));
  const rack = acknowledgedNumber(request);
  const raised = rack === undefined ? 0 : leg.offsetOf(rack.number);
  if (rack !== undefined && raised > 0) {
    splices.push({ start: rack.start, end: rack.end, bytes: String(rack.number + raised) });
  }
  return splices;
}

/** No tag can hold a blank (RFC 3261 §25.1: a token). */
function legKey(fromTag: string, toTag: string): string {
  return `${fromTag} ${toTag}`;
}

function oldestOf(legs: Iterable<Leg>): Leg | undefined {
  for (const leg of legs) return leg;
  return undefined;
}

/** Undefined when it would be too long to keep. */
function addressOf(
  request: SipRequest,
  { face, requestUri }: { readonly face: FlowFace; readonly requestUri: string },
  known: LegAddress | undefined,
): LegAddress | undefined {
  const from = request.value(HeaderId.From) ?? "";
  const to = request.value(HeaderId.To) ?? "";
  const same = known?.from === from && known.to === to && known.requestUri === requestUri;
  if (same) return known.face === face ? known : { ...known, face };
  if (from.length + to.length + requestUri.length > MAX_ADDRESS_LENGTH) return undefined;
  return { face, requestUri: detached(requestUri), from: detached(from), to: detached(to) };
}

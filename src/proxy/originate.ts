/**
 * Requests of our own (origination.ts is the contract; docs/decisions/015): a MESSAGE out of dialog from the gateway's
 * account, by the way that every client's request takes, and a MESSAGE inside a dialog that clients have with each other,
 * with a number of its own (dialog-legs.ts keeps the numbers of the peers in order afterwards).
 *
 * Does not: sign (NTLM, Kerberos, TLS-DSK), send anything but MESSAGE, keep a nonce for the next request.
 * Limits: PENDING requests at once; each has its end within 32 s, challenges and failover included.
 */
import { randomBytes } from "node:crypto";
import type { HeaderField } from "../wire/sip/build.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { fieldAor } from "../wire/sip/field-aor.ts";
import { parseSipUri } from "../wire/sip/uri.ts";
import { digestCredentials } from "./digest-credentials.ts";
import { readChallenges } from "./digest-challenge.ts";
import type { LegRequest, Originator, OriginationEnd, OwnMessage } from "./origination.ts";
import { OwnRequest, type OwnRequestEnd, type OwnRequestPlan } from "./own-request.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { readAgain } from "./read-again.ts";
import type { Secrecy } from "./secrecy.ts";
import type { Load } from "./server-transaction.ts";
import { bindingsOf, once, type BranchTarget, type Target } from "./targets.ts";
import { TRANSACTION_MS } from "./timers.ts";
import { writeMessage, type MessageDraft } from "./write-message.ts";

export interface OriginateDeps {
  readonly core: ProxyCore;
  /** Shared with the server transactions: a drain waits for our requests as well. */
  readonly load: Load;
  readonly onFinished: () => void;
}

/** Requests of ours without an answer at most. */
const PENDING = 1000;

const UNREACHABLE: OriginationEnd = { kind: "failed", reason: "unreachable" };
const WITHHELD: OriginationEnd = { kind: "failed", reason: "withheld" };

/** Sends requests of our own. */
export class OwnRequests implements Originator {
  readonly #deps: OriginateDeps;
  readonly #pending = new Set<OwnRequest>();
  #closed = false;

  constructor(deps: OriginateDeps) {
    this.#deps = deps;
  }

  async sendMessage(message: OwnMessage): Promise<OriginationEnd> {
    return this.#neverRejecting(async () => this.#sendMessage(message));
  }

  async sendInLeg(request: LegRequest): Promise<OriginationEnd> {
    return this.#neverRejecting(async () => this.#sendInLeg(request));
  }

  watch(callId: string): void {
    this.#deps.core.legs.watch(callId);
  }

  unwatch(callId: string): void {
    this.#deps.core.legs.unwatch(callId);
  }

  /** Gives up what is under way and sends nothing any more. */
  close(): void {
    this.#closed = true;
    for (const request of this.#pending) request.abandon();
  }

  async #neverRejecting(send: () => Promise<OriginationEnd>): Promise<OriginationEnd> {
    try {
      return await send();
    } catch (error) {
      this.#deps.core.log.warn({ err: error }, "a request of our own could not be sent");
      return UNREACHABLE;
    }
  }

  async #sendMessage(message: OwnMessage): Promise<OriginationEnd> {
    const { core } = this.#deps;
    const to = parseSipUri(message.to);
    if (!to.ok || to.value.headers !== undefined) return UNREACHABLE;
    const draft = draftOf(message);
    const secrecy = message.encrypted ? "hop" : "none";
    if (core.options.upstream === "embedded") {
      const bindings = bindingsOf(core.targets, message.to);
      if (!bindings.ok) return { kind: "answered", status: bindings.problem.status };
      return ended(await this.#send(bindings.value, draft, { secrecy, timeoutMs: TRANSACTION_MS }));
    }
    const { placement, upstreams } = core.targets;
    if (upstreams.congested) return UNREACHABLE;
    if (!upstreams.mayTake(secrecy)) return WITHHELD;
    const way =
      placement === undefined
        ? upstreams.inOrder(secrecy)
        : placement.wayOfOwn(message.to, secrecy);
    if (way === undefined) return UNREACHABLE;
    const { ownCalls } = core;
    ownCalls.begin(draft.callId);
    try {
      return await this.#sendToServer(draft, way, secrecy);
    } finally {
      ownCalls.end(draft.callId);
    }
  }

  /** With one answer to a challenge, and a second one when the nonce was merely too old. */
  async #sendToServer(
    draft: MessageDraft,
    way: BranchTarget,
    secrecy: Secrecy,
  ): Promise<OriginationEnd> {
    const { clock } = this.#deps.core;
    const endsAt = clock.monotonicMs() + TRANSACTION_MS;
    const realms = new Map<string, number>();
    let current = draft;
    let ways: readonly BranchTarget[] = [way];
    for (;;) {
      const timeoutMs = endsAt - clock.monotonicMs();
      const end = await this.#send(ways, current, { secrecy, timeoutMs });
      if (end.kind === "failed") return end;
      // Whoever receives the notice must not learn what the account's password makes of a nonce.
      if (this.#deps.core.ownCalls.isChallengedByClient(draft.callId)) return ended(end);
      const headers = this.#credentials(end, draft.requestUri, realms);
      if (headers.length === 0) return ended(end);
      // RFC 3261 §22.1: the same Call-ID, the next number. The nonce is that of the server which has challenged.
      current = { ...draft, cseq: current.cseq + 1, headers };
      ways = [once({ face: end.face })];
    }
  }

  /**
   * The answers to a challenge; none when it is no challenge, or not to be answered (again).
   *
   * @param realms how often each was answered; after the first answers only a stale nonce gets another, once
   */
  #credentials(
    { response }: Extract<OwnRequestEnd, { kind: "answered" }>,
    uri: string,
    realms: Map<string, number>,
  ): readonly HeaderField[] {
    const { status } = response;
    const { account } = this.#deps.core.options;
    if (account === undefined || (status !== 401 && status !== 407)) return [];
    const challenges = readChallenges(response).filter(({ realm, stale }) => {
      const answered = realms.get(realm);
      return answered === undefined ? realms.size === 0 : stale && answered === 1;
    });
    for (const { realm } of challenges) realms.set(realm, (realms.get(realm) ?? 0) + 1);
    const name = status === 407 ? "Proxy-Authorization" : "Authorization";
    return challenges.map((challenge) => {
      const cnonce = randomBytes(16).toString("hex");
      const request = { method: "MESSAGE", uri };
      return { name, value: digestCredentials(challenge, account, request, cnonce) };
    });
  }

  async #sendInLeg(request: LegRequest): Promise<OriginationEnd> {
    const { callId, fromTag, toTag, toAor, contentType, body } = request;
    const leg = this.#deps.core.legs.find(callId, fromTag, toTag);
    if (leg === undefined) return { kind: "failed", reason: "no-leg" };
    if (leg === "signed") return { kind: "failed", reason: "signed" };
    if (toAor !== undefined && fieldAor(leg.address.to) !== toAor)
      return { kind: "failed", reason: "no-leg" };
    const { face, requestUri, from, to } = leg.address;
    if (!face.flow.open || this.#isFull) return UNREACHABLE;
    const cseq = leg.takeNumber();
    if (cseq === undefined) return UNREACHABLE;
    const draft = { requestUri, from, to, callId, cseq, headers: [], contentType, body };
    // The leg is one by which the dialog's own requests were let out (secrecy.ts): it bears ours as well.
    const terms = { secrecy: "none", timeoutMs: TRANSACTION_MS } as const;
    return ended(await this.#send([once({ face })], draft, terms));
  }

  get #isFull(): boolean {
    return this.#closed || this.#pending.size >= PENDING;
  }

  async #send(
    ways: readonly BranchTarget[],
    draft: MessageDraft,
    terms: Pick<OwnRequestPlan, "secrecy" | "timeoutMs">,
  ): Promise<OwnRequestEnd> {
    const { core, load, onFinished } = this.#deps;
    if (this.#isFull) return { kind: "failed", reason: "unreachable" };
    const done = Promise.withResolvers<OwnRequestEnd>();
    const request = new OwnRequest(core, {
      ways,
      write: (target, branch) => this.#write(draft, target, branch),
      ...terms,
      onEnd: done.resolve,
    });
    this.#pending.add(request);
    load.unfinished += 1;
    load.bytes += draft.body.length;
    try {
      request.start();
      return await done.promise;
    } finally {
      // Also when it could not even be written.
      request.abandon();
      this.#pending.delete(request);
      load.unfinished -= 1;
      load.bytes -= draft.body.length;
      onFinished();
    }
  }

  #write(draft: MessageDraft, target: Target, branch: string): Buffer {
    const bytes = writeMessage(draft, target, branch);
    const message = readAgain(bytes);
    const { seams, log } = this.#deps.core;
    if (target.face.side === "client" || seams.onOriginate === undefined) return bytes;
    try {
      return applySplices(bytes, seams.onOriginate(message));
    } catch (error) {
      // Without the mark it is judged on its way back like anybody else's.
      log.warn({ err: error }, "the filter failed on a request of our own");
      return bytes;
    }
  }
}

function draftOf({ from, to, contentType, body }: OwnMessage): MessageDraft {
  const host = from.slice(from.lastIndexOf("@") + 1);
  return {
    requestUri: to,
    from: `<${from}>;tag=${randomBytes(8).toString("hex")}`,
    to: `<${to}>`,
    callId: `${randomBytes(16).toString("hex")}@${host}`,
    cseq: 1,
    headers: [],
    contentType,
    body,
  };
}

function ended(end: OwnRequestEnd): OriginationEnd {
  return end.kind === "failed" ? end : { kind: "answered", status: end.response.status };
}

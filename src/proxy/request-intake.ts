import type { AliasedContact } from "../location/contact-aliases.ts";
import type { Flow } from "../transport/flow.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { SipProblem } from "../wire/sip/problem.ts";
import { topmostVia, type TopmostVia } from "../wire/sip/via.ts";
import { forwardAck } from "./ack.ts";
import { RequestAdmission } from "./admission.ts";
import { wayHash } from "./branch.ts";
import { aliasedContact } from "./contact-alias.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ProxyCore } from "./proxy-core.ts";
import type { ProxyCounters } from "./proxy-counters.ts";
import { isUnicast } from "./is-unicast.ts";
import { learnAlias } from "./learn-alias.ts";
import { placementRefusal } from "./placement.ts";
import { receiversOf } from "./receivers.ts";
import { authenticatedAor } from "./registration.ts";
import {
  buildReply,
  INTERNAL_ERROR,
  overloadReply,
  plainReply,
  replyToProblem,
  TRYING,
  withoutControls,
  type Reply,
} from "./reply.ts";
import { validateRequest } from "./request-validation.ts";
import { weightOf } from "./request-weight.ts";
import { ResponseContext, type Arrival } from "./response-context.ts";
import { planRoute, type RoutePlan } from "./route.ts";
import type { RequestContext } from "./seams.ts";
import {
  ALL_RETRANSMISSIONS,
  ServerTransaction,
  type ServerTransactionEnv,
} from "./server-transaction.ts";
import { isSigned } from "./signed-message.ts";
import { stampVia } from "./stamp-via.ts";
import { transactionKey } from "./transaction-key.ts";
import { WaitingCalls } from "./waiting-calls.ts";

/** Repetitions of a refused INVITE's answer to somebody who has not shown who he is (HARDENING D3). */
const RETRANSMISSIONS_TO_STRANGERS = 4;

/** Requests that are refused first when there is too much to do; everything within a dialog is served. */
const NEW_WORK: ReadonlySet<string> = new Set(["MESSAGE", "INVITE"]);

/** Requests that mean another one, which has been counted when it came. */
const GOING_ON: ReadonlySet<string> = new Set(["ACK", "CANCEL", "PRACK"]);

const DEFAULT_IN_FLIGHT_BYTES = 256 * 1024 * 1024;

export interface IntakeDeps {
  readonly core: ProxyCore;
  readonly serverEnv: ServerTransactionEnv;
  readonly counters: ProxyCounters;
}

/** A request on arrival, before it has a transaction. */
interface Incoming {
  readonly face: FlowFace;
  readonly request: SipRequest;
  readonly via: TopmostVia;
  readonly key: string;
}

/**
 * Takes in requests: finds the transaction that one belongs to, refuses what cannot be forwarded, and begins a
 * transaction for the rest. Refusals need no transaction: a repetition is simply refused again, with the same To tag.
 */
export class RequestIntake {
  /** True once the gateway is shutting down. */
  draining = false;
  readonly #deps: IntakeDeps;
  readonly #admission: RequestAdmission;
  readonly #overloaded: Reply;
  readonly #calls: WaitingCalls;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
    this.#admission = new RequestAdmission(deps.core, deps.counters);
    this.#calls = new WaitingCalls(deps.core.options.inFlight);
    this.#overloaded = overloadReply(deps.core.options.overloadStatus);
  }

  accept(face: FlowFace, request: SipRequest): void {
    const via = topmostVia(request);
    const key = transactionKey(request, via, face.flow.remote.address);
    const incoming: Incoming = { face, request, via, key };
    const { table, answered } = this.#deps.serverEnv;
    const known = table.get(key);
    const answer = known === undefined && !face.flow.reliable ? answered.get(key) : undefined;
    if (!this.#isAdmitted(incoming, known === undefined && answer === undefined)) return;
    if (via.alias) learnAlias(this.#deps.core.targets.opener, face.flow, via);
    if (request.method === "ACK") {
      this.#acceptAck(incoming, known);
    } else if (known !== undefined) {
      this.#deps.counters.retransmissions += 1;
      known.retransmitted();
    } else if (answer !== undefined) {
      this.#deps.counters.retransmissions += 1;
      // A copy: it may wait in the socket while others take its place.
      this.#replyFlow(face.flow, via).send(Buffer.from(answer));
    } else if (request.method === "CANCEL") {
      this.#acceptCancel(incoming);
    } else {
      this.#acceptNew(incoming);
    }
  }

  /** A request that could not be read; what can be read of it suffices for an answer. */
  refuseProblem(face: FlowFace, problem: SipProblem): void {
    this.#deps.counters.problems += 1;
    const request = problem.partial;
    const reply = replyToProblem(problem.code);
    if (request === undefined || reply === undefined || request.method === "ACK") return;
    if (this.#admission.ofSource(face, true) !== "pass" && !face.flow.reliable) return;
    const via = topmostVia(request);
    const key = transactionKey(request, via, face.flow.remote.address);
    const toTag = this.#deps.core.branches.toTag(key);
    this.#deps.counters.refused += 1;
    if (via.host === "") {
      // Where to answer cannot be read either (RFC 4475 §3.1.2.1): back to where it came from.
      face.flow.send(withoutControls(buildReply(request, reply, toTag, [])));
      return;
    }
    const stamp = stampVia(via, face.flow.remote);
    const answer = withoutControls(buildReply(request, reply, toTag, stamp));
    this.#replyFlow(face.flow, via).send(answer);
  }

  /** What its source has too much of is answered here, or dropped; an ACK is never answered. */
  #isAdmitted(incoming: Incoming, isFirst: boolean): boolean {
    const { face, request } = incoming;
    const goesOn = request.toTag !== undefined || GOING_ON.has(request.method);
    const admission = this.#admission.ofSource(face, isFirst && !goesOn);
    if (admission === "refuse" && request.method !== "ACK") {
      this.#refuse(incoming, this.#overloaded);
    }
    return admission === "pass";
  }

  /** Something of ours broke while the request was handled: 500, unless it has its answer already. */
  fail(face: FlowFace, request: SipRequest): void {
    if (request.method === "ACK") return;
    const via = topmostVia(request);
    const key = transactionKey(request, via, face.flow.remote.address);
    const { table, answered } = this.#deps.serverEnv;
    const known = table.get(key);
    if (known !== undefined) known.context?.fail();
    else if (answered.get(key) === undefined) {
      this.#refuse({ face, request, via, key }, INTERNAL_ERROR);
    }
  }

  /** The seam's answers to an ACK go through ack.ts; this decides whether it gets there (RFC 6026 §7.1). */
  #acceptAck({ face, request, via }: Incoming, known: ServerTransaction | undefined): void {
    if (known?.acknowledged() === true) return;
    const { toTag } = request;
    // An ACK without To tag acknowledges nothing; one with ours belongs to a refusal that has no transaction.
    if (toTag === undefined || this.#deps.core.branches.isOwnTag(toTag)) return;
    const plan = this.#planOf(request);
    forwardAck(this.#deps.core, {
      request,
      ingress: face,
      viaStamp: stampVia(via, face.flow.remote),
      plan,
      context: this.#contextOf(face, request, plan),
    });
  }

  /** RFC 3261 §16.10: answered at once; over UDP the answer is kept, so that a repetition gets the same. */
  #acceptCancel(incoming: Incoming): void {
    const { face, request, via } = incoming;
    const { serverEnv } = this.#deps;
    const inviteKey = transactionKey(request, via, face.flow.remote.address, "INVITE");
    const invite = serverEnv.table.get(inviteKey);
    if (invite === undefined) {
      this.#refuse(incoming, plainReply(481, "Call/Transaction Does Not Exist"));
      return;
    }
    const transaction = this.#begin(incoming, false, 0);
    const toTag = this.#deps.core.branches.toTag(inviteKey);
    const stamp = stampVia(via, face.flow.remote);
    transaction.respond(200, buildReply(request, plainReply(200, "OK"), toTag, stamp));
    invite.context?.cancel();
  }

  #acceptNew(incoming: Incoming): void {
    const { face, request } = incoming;
    const { core, counters } = this.#deps;
    counters.requests += 1;
    if (this.#isTooMuch(face, request)) {
      this.#admission.overloaded(this.#deps.serverEnv.load.unfinished);
      this.#refuse(incoming, this.#overloaded);
      return;
    }
    if (request.method === "INVITE" && this.#calls.isFull(face)) {
      this.#admission.tooManyCalls(face.flow.remote.address);
      this.#refuse(incoming, this.#overloaded);
      return;
    }
    const hash = wayHash(request, face.side);
    const refusal =
      validateRequest(request, core.targets.faces.isOwn) ??
      (core.branches.isLoop(request, incoming.via, hash)
        ? plainReply(482, "Loop Detected")
        : undefined) ??
      placementRefusal(core.targets.placement, face.side, request.method);
    if (refusal !== undefined) {
      this.#refuse(incoming, refusal);
      return;
    }
    const plan = this.#planOf(request);
    const context = this.#contextOf(face, request, plan);
    const viaStamp = stampVia(incoming.via, face.flow.remote);
    const keepIdentity = context.side === "server" || context.trusted;
    const arrival: Arrival = {
      request,
      ingress: face,
      viaStamp,
      plan,
      context,
      keepIdentity,
      wayHash: hash,
    };
    this.#start(incoming, arrival);
  }

  #start(incoming: Incoming, arrival: Arrival): void {
    const { request, context, viaStamp } = arrival;
    const { core } = this.#deps;
    const invite = request.method === "INVITE";
    const known = context.side === "server" || context.authenticatedAor !== undefined;
    const transaction = this.#begin(
      incoming,
      invite,
      known ? ALL_RETRANSMISSIONS : RETRANSMISSIONS_TO_STRANGERS,
    );
    // Before anybody is asked: what follows may take longer than the 200 ms of RFC 3261 §17.2.1.
    if (invite) transaction.respond(100, buildReply(request, TRYING, undefined, viaStamp));
    transaction.context = new ResponseContext(core, transaction, arrival);
    transaction.context.begin();
  }

  #begin(
    { face, request, via, key }: Incoming,
    invite: boolean,
    maxRetransmissions: number,
  ): ServerTransaction {
    const replyFlow = this.#replyFlow(face.flow, via);
    return new ServerTransaction(this.#deps.serverEnv, {
      key,
      invite,
      replyFlow,
      maxRetransmissions,
      requestBytes: weightOf(request),
      onFinished: invite ? this.#calls.begin(face) : undefined,
    });
  }

  /** Answers without a transaction. */
  #refuse({ face, request, via, key }: Incoming, reply: Reply): void {
    this.#deps.counters.refused += 1;
    const stamp: readonly Splice[] = stampVia(via, face.flow.remote);
    const toTag = this.#deps.core.branches.toTag(key);
    this.#replyFlow(face.flow, via).send(buildReply(request, reply, toTag, stamp));
  }

  /**
   * RFC 3261 §18.2.2, RFC 3581 §4: over the connection that the request came on; over UDP to its source address, at
   * the source port when it asked so, else at the port of its sent-by. Never to another address, and not to maddr.
   */
  #replyFlow(flow: Flow, via: TopmostVia): Flow {
    if (flow.transport !== "udp" || via.rport !== undefined) return flow;
    const port = via.port ?? 5060;
    if (port === flow.remote.port || port === 0 || !isUnicast(flow.remote.address)) return flow;
    const remote = { address: flow.remote.address, port };
    return this.#deps.core.targets.opener.connect({ transport: "udp", remote, local: flow.local });
  }

  /** Within a dialog twice as much is borne: what was begun shall end, but nothing grows without bound. */
  #isTooMuch(face: FlowFace, request: SipRequest): boolean {
    const { core, serverEnv } = this.#deps;
    const { load } = serverEnv;
    const { inFlight, inFlightBytes = DEFAULT_IN_FLIGHT_BYTES } = core.options;
    const isNew = NEW_WORK.has(request.method) && request.toTag === undefined;
    const factor = isNew ? 1 : 2;
    if (load.unfinished >= factor * inFlight || load.bytes >= factor * inFlightBytes) return true;
    if (!isNew) return false;
    if (this.draining) return true;
    return face.side === "client" && core.targets.upstreams.congested;
  }

  #planOf(request: SipRequest): RoutePlan {
    const { faces, flowTokens } = this.#deps.core.targets;
    return planRoute(request, faces.isOwn, flowTokens);
  }

  #alias(face: FlowFace, { requestUri }: SipRequest): AliasedContact | undefined {
    const { pathRefusals, targets } = this.#deps.core;
    if (face.side !== "server" || !pathRefusals.any) return undefined;
    return aliasedContact(requestUri, targets.aliases, targets.faces);
  }

  #contextOf(face: FlowFace, request: SipRequest, plan: RoutePlan): RequestContext {
    const { flow } = face;
    const { core } = this.#deps;
    const nowMs = core.clock.now();
    const alias = this.#alias(face, request);
    return {
      side: face.side,
      transport: flow.transport,
      encrypted: flow.encrypted,
      sourceAddress: flow.remote.address,
      sourcePort: flow.remote.port,
      authenticatedAor: authenticatedAor(core.registrations, request, flow.id, nowMs),
      trusted: core.options.isTrusted(flow.remote.address),
      signed: face.side === "client" && isSigned(request),
      dialogProven: request.toTag !== undefined && plan.proven,
      voucher: core.targets.placement?.voucher(request, flow.remote.address),
      aliasedUri: alias?.contactUri,
      receivers: receiversOf(core, face.side, plan, alias, nowMs),
      receivedAt: nowMs,
    };
  }
}

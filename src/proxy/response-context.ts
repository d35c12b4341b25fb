import type { TimerHandle } from "../base/timer-wheel.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { ClientTransaction, type BranchOwner } from "./client-transaction.ts";
import { forwardedRequest, type ForwardBasis } from "./forward-request.ts";
import { forwardedResponse } from "./forward-response.ts";
import { removeBody } from "./message-edits.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { readAgain } from "./read-again.ts";
import { cseqDigits, cseqSplice } from "./renumber.ts";
import {
  buildReply,
  FLOW_FAILED,
  INTERNAL_ERROR,
  plainReply,
  TERMINATED,
  type Reply,
} from "./reply.ts";
import { confirmRegistration, wantsPath } from "./registration.ts";
import type { RequestContext, RequestOutcome, TransactionEnd } from "./seams.ts";
import type { ServerTransaction } from "./server-transaction.ts";
import { statusRank } from "./status-rank.ts";
import type { BranchTarget } from "./targets.ts";
import { chooseTargets } from "./targets.ts";

type Cause = TransactionEnd["cause"];

/** A request that has come in, and what was found out about it on arrival. */
export type Arrival = Pick<
  ForwardBasis,
  "request" | "ingress" | "viaStamp" | "plan" | "keepIdentity"
> & {
  readonly context: RequestContext;
  readonly wayHash: string;
  readonly toTag: string;
};

/** A final answer that may become the one that the sender sees. */
interface Candidate {
  readonly status: number;
  readonly cause: Cause;
  /** Where the response came from; of our own answer neither. */
  readonly branch?: ClientTransaction;
  readonly response: SipResponse | undefined;
  readonly reply: Reply | undefined;
}

const REQUEST_TIMEOUT = plainReply(408, "Request Timeout");
const SERVER_TIMEOUT = plainReply(504, "Server Time-out");
const UPSTREAM_LOST = plainReply(503, "Service Unavailable");
/**
 * One request on its way through (the "response context" of RFC 3261 §16.2): asks the filter, sends the request on to
 * one or several targets, and chooses the answer (§16.7). It lives until the final answer, that of an accepted INVITE
 * as long as a 2xx may still come.
 */
export class ResponseContext implements BranchOwner {
  readonly #core: ProxyCore;
  readonly #server: ServerTransaction;
  readonly #arrival: Arrival;
  readonly #controller = new AbortController();
  readonly #branches: ClientTransaction[] = [];
  /** Of each branch, where else it can go. */
  readonly #ways: BranchTarget[] = [];
  #basis: ForwardBasis | undefined;
  #onEnd: ((end: TransactionEnd) => void) | undefined;
  /** The answer where the request would leave towards a client, which it must not. */
  #elsewhere: Reply | undefined;
  #deadline: TimerHandle | undefined;
  #best: Candidate | undefined;
  #cancelled = false;
  /** The request as it was forwarded, where the filter has changed it. */
  #edited: (() => SipRequest) | undefined;
  /** It was forwarded with another CSeq number than it came with (dialog-legs.ts). */
  #renumbered = false;

  constructor(core: ProxyCore, server: ServerTransaction, arrival: Arrival) {
    this.#core = core;
    this.#server = server;
    this.#arrival = arrival;
  }

  /** Asks the filter; what it says decides how this goes on. */
  begin(): void {
    const { request, context } = this.#arrival;
    if (!this.#server.invite) {
      // RFC 4320: a 408 would come too late to be of use; a 504 in time is an answer.
      this.#deadline = this.#core.timers.start(this.#core.options.answerWithinMs, () =>
        this.#giveUp(SERVER_TIMEOUT, "timeout"),
      );
    }
    this.#core.ask(request, context, this.#controller, (outcome) => this.#settle(outcome));
  }

  /** RFC 3261 §16.10. */
  cancel(): void {
    if (!this.#server.proceeding || this.#cancelled) return;
    this.#cancelled = true;
    if (this.#basis === undefined) this.#giveUp(TERMINATED, "cancelled");
    else for (const branch of this.#branches) branch.cancel();
  }

  /** The gateway stops before there was an answer. */
  shutdown(): void {
    this.#giveUp(UPSTREAM_LOST, "shutdown");
  }

  /** Something of ours broke. */
  fail(): void {
    this.#giveUp(INTERNAL_ERROR, "replied");
  }

  /** Lets go of everything, without an answer: there is nobody left to get it. */
  abandon(): void {
    this.#controller.abort();
    this.#deadline?.cancel();
    for (const branch of this.#branches) if (branch.pending) branch.terminate();
  }

  onResponse(branch: ClientTransaction, response: SipResponse): void {
    const { status } = response;
    this.#core.legs.heardResponse(this.#arrival.request, response, branch.face);
    if (branch.face.side === "client") {
      this.#core.ownCalls.heardFromClient(this.#arrival.request.callId, status);
    }
    if (status >= 300) {
      this.#weigh({ status, cause: this.#finalCause(), branch, response, reply: undefined });
      if (status >= 600) for (const other of this.#branches) other.cancel();
      this.#finishWhenSettled();
    } else if (status >= 200) {
      this.#respond(branch, response, "answered");
      for (const other of this.#branches) if (other !== branch) other.cancel();
    } else if (this.#server.invite && this.#server.proceeding) {
      this.#server.respond(status, this.#onItsWayBack(branch, response));
    }
  }

  onTimeout(): void {
    const reply = this.#cancelled ? TERMINATED : REQUEST_TIMEOUT;
    const cause = this.#cancelled ? "cancelled" : "timeout";
    this.#weigh({ status: reply.status, cause, response: undefined, reply });
    this.#finishWhenSettled();
  }

  onUnreachable(branch: ClientTransaction): void {
    const way = this.#ways[this.#branches.indexOf(branch)];
    if (way !== undefined && !this.#cancelled && this.#startBranch(way)) return;
    const reply = branch.face.side === "server" ? UPSTREAM_LOST : FLOW_FAILED;
    this.#weigh({ status: reply.status, cause: "unreachable", response: undefined, reply });
    this.#finishWhenSettled();
  }

  #settle(outcome: RequestOutcome): void {
    if (!this.#server.proceeding) return;
    this.#onEnd = outcome.onEnd;
    this.#core.legs.heardRequest(this.#arrival.request, this.#arrival.ingress);
    if (outcome.kind === "reply") {
      this.#answer(outcome, "replied");
      return;
    }
    this.#elsewhere = outcome.elsewhere;
    try {
      this.#forward(outcome.splices, outcome.towardsServer ?? []);
    } catch (error) {
      this.#core.log.warn({ err: error }, "a request could not be forwarded");
      this.#giveUp(INTERNAL_ERROR, "replied");
    }
  }

  #forward(edits: ForwardBasis["edits"], towardsServer: ForwardBasis["towardsServer"]): void {
    const { request, ingress, plan } = this.#arrival;
    const { targets: targetDeps, options } = this.#core;
    if (options.upstream === "embedded" && request.method === "REGISTER") {
      this.#registerHere();
      return;
    }
    const targets = chooseTargets(targetDeps, request, ingress.side, plan);
    if (!targets.ok) {
      this.#answer(targets.problem, targets.problem === FLOW_FAILED ? "unreachable" : "replied");
      return;
    }
    const addPath = ingress.side === "client" && wantsPath(request, options.path);
    this.#basis = { ...this.#arrival, edits, towardsServer, addPath };
    let started = 0;
    for (const way of targets.value) if (this.#startBranch(way)) started += 1;
    if (started === 0) this.#giveUp(UPSTREAM_LOST, "unreachable");
  }

  #registerHere(): void {
    const { request, ingress } = this.#arrival;
    const { targets, clock } = this.#core;
    const reply = targets.registrar?.register(request, ingress.flow, clock.now()) ?? INTERNAL_ERROR;
    if (reply.status < 300) this.#noteRegistered(undefined);
    this.#answer(reply, "answered");
  }

  #noteRegistered(response: SipResponse | undefined): void {
    const { request, ingress } = this.#arrival;
    const { registrations, clock } = this.#core;
    if (request.method !== "REGISTER" || ingress.side !== "client") return;
    const nowMs = clock.now();
    confirmRegistration(registrations, { request, response, flowId: ingress.flow.id, nowMs });
  }

  #startBranch(way: BranchTarget): boolean {
    const target = way.next();
    const basis = this.#basis;
    if (target === undefined || basis === undefined) return false;
    if (this.#elsewhere !== undefined && target.face.side === "client") {
      this.#answer(this.#elsewhere, "replied");
      return true;
    }
    const { request, wayHash } = this.#arrival;
    const branch = this.#core.branches.next(wayHash);
    const requestUri = target.requestUri ?? basis.plan.target;
    const numbers = this.#core.legs.leaving(request, target.face, requestUri);
    const edits = numbers.length === 0 ? basis.edits : [...basis.edits, ...numbers];
    const bytes = forwardedRequest(
      edits === basis.edits ? basis : { ...basis, edits },
      target,
      branch,
    );
    const transaction = new ClientTransaction(this.#core.clientEnv, this, {
      branch,
      method: request.method,
      face: target.face,
      bytes,
      message: () => readAgain(bytes),
    });
    if (edits.length > 0) this.#edited = once(() => readAgain(bytes));
    if (numbers.length > 0) this.#renumbered = true;
    this.#branches.push(transaction);
    this.#ways.push(way);
    transaction.start();
    return true;
  }

  /** Holds a final answer of one branch against those of the others (RFC 3261 §16.7 step 6). */
  #weigh(candidate: Candidate): void {
    if (this.#best === undefined || isBetter(candidate, this.#best)) this.#best = candidate;
  }

  #finishWhenSettled(): void {
    if (this.#best === undefined || this.#branches.some((branch) => branch.pending)) return;
    const { branch, response, reply, cause } = this.#best;
    if (branch !== undefined && response !== undefined) this.#respond(branch, response, cause);
    else if (reply !== undefined) this.#answer(reply, cause);
  }

  /** Sends a peer's final response on. */
  #respond(branch: ClientTransaction, response: SipResponse, cause: Cause): void {
    if (response.status < 300) this.#noteRegistered(response);
    const bytes = this.#onItsWayBack(branch, response);
    const first = this.#server.proceeding;
    this.#server.respond(response.status, bytes);
    if (first) this.#end(response.status, cause);
  }

  /** The response as the sender gets it; a filter that fails on it must not leave the sender without an answer. */
  #onItsWayBack({ face }: ClientTransaction, response: SipResponse): Buffer {
    const { context, request } = this.#arrival;
    const { seams, log, options } = this.#core;
    const overStream = this.#server.replyFlow.reliable;
    const keepIdentity = face.side === "server" || options.isTrusted(face.flow.remote.address);
    const way = { overStream, keepIdentity };
    try {
      const edits = seams.onResponse(response, this.#edited?.() ?? request, context);
      return forwardedResponse(response, this.#numberedBack(edits, response), way);
    } catch (error) {
      log.warn({ err: error }, "the filter failed on a response");
      const edits = options.onFailure === "block" ? removeBody(response) : [];
      return forwardedResponse(response, this.#numberedBack(edits, response), way);
    }
  }

  /** The edits of a response; to a renumbered request it has the sender's own number again. */
  #numberedBack(edits: readonly Splice[], response: SipResponse): readonly Splice[] {
    const { request } = this.#arrival;
    if (!this.#renumbered || response.cseq.number === request.cseq.number) return edits;
    return [...edits, cseqSplice(response, cseqDigits(request))];
  }

  /** Answers instead of the peer. */
  #answer(reply: Reply, cause: Cause): void {
    if (!this.#server.proceeding) return;
    const { request, toTag, viaStamp } = this.#arrival;
    this.#server.respond(reply.status, buildReply(request, reply, toTag, viaStamp));
    this.#end(reply.status, cause);
  }

  #giveUp(reply: Reply, cause: Cause): void {
    if (!this.#server.proceeding) return;
    this.#answer(reply, cause);
    this.#controller.abort();
    this.#dropBranches();
  }

  #end(status: number, cause: Cause): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
    const told = this.#onEnd;
    this.#onEnd = undefined;
    if (!this.#server.invite) this.#dropBranches();
    if (told === undefined) return;
    try {
      told({ status, cause });
    } catch (error) {
      this.#core.log.warn({ err: error }, "the filter failed on the end of a transaction");
    }
  }

  /** Branches of an INVITE are cancelled; of any other request they are forgotten (late answers are strays). */
  #dropBranches(): void {
    for (const branch of this.#branches) {
      if (!branch.pending) continue;
      if (this.#server.invite) branch.cancel();
      else branch.terminate();
    }
  }

  #finalCause(): Cause {
    return this.#cancelled ? "cancelled" : "answered";
  }
}

function once(make: () => SipRequest): () => SipRequest {
  let made: SipRequest | undefined;
  return () => (made ??= make());
}

/** 6xx, then the lowest class; a peer's answer before our own, an earlier one before a later one. */
function isBetter(candidate: Candidate, best: Candidate): boolean {
  const own = Number(candidate.response === undefined) - Number(best.response === undefined);
  if (own !== 0) return own < 0;
  return statusRank(candidate.status) < statusRank(best.status);
}

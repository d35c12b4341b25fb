import type { TimerHandle } from "../base/timer-wheel.ts";
import type { SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { BestAnswer, type Candidate } from "./best-answer.ts";
import type { Result } from "../base/result.ts";
import { createClientRegister, type ClientRegister } from "./client-register.ts";
import { Branches, type BranchStart } from "./branches.ts";
import type { BranchOwner, ClientTransaction, Loss } from "./client-transaction.ts";
import { Abandonment } from "./abandonment.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ForwardBasis } from "./forward-request.ts";
import { forwardedResponse } from "./forward-response.ts";
import { removeBody } from "./message-edits.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { cseqDigits, cseqSplice } from "./renumber.ts";
import {
  buildReply,
  FLOW_FAILED,
  INTERNAL_ERROR,
  plainReply,
  TERMINATED,
  TRYING,
  type Reply,
} from "./reply.ts";
import { wantsPath } from "./registration.ts";
import type { ForwardOutcome, RequestContext, RequestOutcome, TransactionEnd } from "./seams.ts";
import { wasJudged } from "./route.ts";
import { NOT_SECURE } from "./secrecy.ts";
import type { ServerTransaction } from "./server-transaction.ts";
import {
  busy,
  chooseTargets,
  once as onlyWay,
  type BranchTarget,
  type Trouble,
} from "./targets.ts";
import { T1_MS } from "./timers.ts";

type Cause = TransactionEnd["cause"];

/** A request that has come in, and what was found out about it on arrival. */
export type Arrival = Pick<
  ForwardBasis,
  "request" | "ingress" | "viaStamp" | "plan" | "keepIdentity"
> & {
  readonly context: RequestContext;
  readonly wayHash: string;
};

/** A response of a peer, and the way that it came. */
type Answer = { readonly face: FlowFace; readonly response: SipResponse };

const REQUEST_TIMEOUT = plainReply(408, "Request Timeout");
const SERVER_TIMEOUT = plainReply(504, "Server Time-out");
const UPSTREAM_LOST = plainReply(503, "Service Unavailable");
const TOO_LARGE = plainReply(513, "Message Too Large");
/** Timer E fires after T1, 2·T1 and 4·T1, and is then set to T2. */
const TRYING_AFTER_MS = 7 * T1_MS;

/**
 * One request on its way through (the "response context" of RFC 3261 §16.2): asks the filter, sends the request on to
 * one or several targets, and chooses the answer (§16.7). It lives until the final answer, that of an accepted INVITE
 * as long as a 2xx may still come.
 */
export class ResponseContext implements BranchOwner {
  readonly #core: ProxyCore;
  readonly #server: ServerTransaction;
  readonly #arrival: Arrival;
  readonly #abandonment = new Abandonment();
  readonly #register: ClientRegister | undefined;
  /** Once the filter has let it go on. */
  #branches: Branches | undefined;
  #onEnd: ((end: TransactionEnd) => void) | undefined;
  /** The answer where the request would leave towards a client, which it must not. */
  #elsewhere: Reply | undefined;
  #deadline: TimerHandle | undefined;
  #best: BestAnswer | undefined;
  #cancelled = false;
  /** There was a way for it which it must not go in clear (secrecy.ts), or is too large for: what its sender is told. */
  #unsent: Reply | undefined;

  constructor(core: ProxyCore, server: ServerTransaction, arrival: Arrival) {
    this.#core = core;
    this.#server = server;
    this.#arrival = arrival;
    this.#register = createClientRegister(core, arrival);
  }

  /** Asks the filter; what it says decides how this goes on. */
  begin(): void {
    const { request, context, ingress } = this.#arrival;
    if (!this.#server.invite) this.#awaitAnswer();
    else if (ingress.side === "client") ingress.asking.add(this);
    this.#core.ask(request, context, this.#abandonment, (outcome) => this.#settle(outcome));
  }

  /**
   * RFC 4320 §4.1: a 100 goes out when the sender's Timer E has come to T2, so that it takes silence for silence. §4.2: a
   * 408 would come too late to be of use; a 504 in time is an answer.
   */
  #awaitAnswer(): void {
    const leftMs = this.#core.options.answerWithinMs - TRYING_AFTER_MS;
    if (leftMs <= 0) this.#giveUpIn(leftMs + TRYING_AFTER_MS);
    else this.#deadline = this.#core.timers.start(TRYING_AFTER_MS, () => this.#sayTrying(leftMs));
  }

  #sayTrying(leftMs: number): void {
    const { request, viaStamp } = this.#arrival;
    this.#giveUpIn(leftMs);
    this.#server.respond(100, buildReply(request, TRYING, undefined, viaStamp));
    request.rest();
  }

  #giveUpIn(delayMs: number): void {
    this.#deadline = this.#core.timers.start(delayMs, () => {
      this.#giveUp(SERVER_TIMEOUT, "timeout");
    });
  }

  /** RFC 3261 §16.10. */
  cancel(): void {
    if (!this.#server.proceeding || this.#cancelled) return;
    this.#cancelled = true;
    if (this.#branches === undefined) this.#giveUp(TERMINATED, "cancelled");
    else this.#branches.cancelAll();
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
    this.#abandonment.abort();
    this.#deadline?.cancel();
    this.#arrival.ingress.asking.delete(this);
    this.#branches?.terminate();
  }

  onResponse(branch: ClientTransaction, response: SipResponse): void {
    const { status } = response;
    if (
      this.#branches?.addedPath === true &&
      this.#register?.isAskedFor(branch.face, response) === true
    ) {
      if (this.#startBranch(onlyWay({ face: branch.face }))) return;
    }
    this.#core.legs.heardResponse(this.#arrival.request, response, branch.face);
    if (branch.face.side === "client") {
      this.#core.ownCalls.heardFromClient(this.#arrival.request.callId, status);
    }
    if (status >= 300) {
      const cause = this.#finalCause();
      this.#weigh({ status, cause, response, reply: undefined, face: branch.face });
      if (status === 503 && this.#goesOn(branch, busy(response))) return;
      if (status >= 600) this.#branches?.cancelAll();
      this.#finishWhenSettled();
    } else if (status >= 200) {
      this.#respond({ face: branch.face, response }, "answered");
      this.#branches?.cancelAll(branch);
    } else if (this.#server.invite && this.#server.proceeding) {
      this.#server.respond(status, this.#onItsWayBack({ face: branch.face, response }));
      this.#arrival.request.rest();
    }
  }

  onTimeout(branch: ClientTransaction): void {
    const timeout = this.#server.invite ? REQUEST_TIMEOUT : SERVER_TIMEOUT;
    const reply = this.#cancelled ? TERMINATED : timeout;
    const cause = this.#cancelled ? "cancelled" : "timeout";
    this.#weigh({ status: reply.status, cause, response: undefined, reply, face: branch.face });
    this.#finishWhenSettled();
  }

  onUnreachable(branch: ClientTransaction, why: Loss): void {
    if (why === "lost" && this.#fallsBack(branch)) return;
    if (why !== "cut" && this.#goesOn(branch, { kind: why })) return;
    const { face } = branch;
    const gone = face.side === "server" ? UPSTREAM_LOST : FLOW_FAILED;
    const reply = this.#unsent === TOO_LARGE ? TOO_LARGE : gone;
    this.#weigh({ status: reply.status, cause: "unreachable", response: undefined, reply, face });
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
      this.#forward(outcome);
    } catch (error) {
      this.#core.log.warn({ err: error }, "a request could not be forwarded");
      this.#giveUp(INTERNAL_ERROR, "replied");
    }
  }

  #forward({ splices: edits, towardsServer = [], messaging }: ForwardOutcome): void {
    const { request, ingress, plan, viaStamp, keepIdentity } = this.#arrival;
    const { targets: deps, options } = this.#core;
    if (options.upstream === "embedded" && request.method === "REGISTER") {
      this.#registerHere();
      return;
    }
    const targets = chooseTargets(deps, request, ingress, plan);
    const addPath = ingress.side === "client" && wantsPath(request, options.path);
    const unrecorded = deps.placement?.followsMessagingOnly === true && messaging !== true;
    const { faces, flowTokens } = deps;
    const judged = ingress.side === "server" && wasJudged(request, faces.isOwn, flowTokens);
    const basis: ForwardBasis = {
      request,
      ingress,
      plan,
      viaStamp,
      keepIdentity,
      edits,
      towardsServer,
      addPath,
      unrecorded,
      wasJudged: judged,
    };
    if (targets instanceof Promise) this.#sendLater(basis, targets);
    else this.#send(basis, targets);
  }

  /** A name had to be looked up; meanwhile the sender may have had his answer. */
  #sendLater(basis: ForwardBasis, found: Promise<Result<readonly BranchTarget[], Reply>>): void {
    const send = (targets: Result<readonly BranchTarget[], Reply>): void => {
      if (this.#server.proceeding) this.#send(basis, targets);
    };
    found.then(send).catch((error: unknown) => {
      this.#core.log.warn({ err: error }, "a request could not be forwarded");
      this.#giveUp(INTERNAL_ERROR, "replied");
    });
  }

  #send(basis: ForwardBasis, targets: Result<readonly BranchTarget[], Reply>): void {
    if (!targets.ok) {
      this.#answer(targets.problem, targets.problem === FLOW_FAILED ? "unreachable" : "replied");
      return;
    }
    this.#branches = new Branches(this.#core, this, {
      basis,
      wayHash: this.#arrival.wayHash,
      register: this.#register,
      elsewhere: this.#elsewhere,
    });
    let started = 0;
    for (const way of targets.value) {
      if (this.#startBranch(way)) started += 1;
      // It may not leave, which has been answered.
      if (!this.#server.proceeding) return;
    }
    if (started > 0) return;
    if (this.#unsent !== undefined) this.#giveUp(this.#unsent, "replied");
    else this.#giveUp(UPSTREAM_LOST, "unreachable");
  }

  #registerHere(): void {
    const { request, ingress } = this.#arrival;
    const { targets, clock } = this.#core;
    const reply = targets.registrar?.register(request, ingress.flow, clock.now()) ?? INTERNAL_ERROR;
    if (reply.status < 300) this.#register?.accepted();
    this.#answer(reply, "answered");
  }

  /** RFC 3261 §16.7 step 6, RFC 3263 §4.3: the next way of a branch that led nowhere, if there is one. */
  #goesOn(branch: ClientTransaction, trouble: Trouble): boolean {
    if (this.#cancelled || !this.#server.proceeding) return false;
    const way = this.#branches?.wayOf(branch);
    return way !== undefined && this.#startBranch(way, trouble);
  }

  /** A connection that was opened for a large request failed: it leaves by UDP after all (RFC 3261 §18.1.1). */
  #fallsBack(branch: ClientTransaction): boolean {
    const smaller = this.#branches?.fallbackOf(branch);
    if (smaller === undefined || this.#cancelled || !this.#server.proceeding) return false;
    return this.#isUnderWay(smaller());
  }

  #startBranch(way: BranchTarget, trouble?: Trouble): boolean {
    return this.#isUnderWay(this.#branches?.start(way, trouble) ?? "nowhere");
  }

  /** Something has left, or the sender has had his answer. */
  #isUnderWay(start: BranchStart): boolean {
    if (start === "withheld") this.#unsent = NOT_SECURE;
    if (start === "too-large") this.#unsent = TOO_LARGE;
    if (typeof start === "string") return start === "left";
    this.#giveUp(start, "replied");
    return true;
  }

  #weigh(candidate: Candidate): void {
    this.#best ??= new BestAnswer(this.#server.invite);
    this.#best.weigh(candidate);
  }

  #finishWhenSettled(): void {
    if (this.#best === undefined || this.#branches?.pending === true) return;
    const choice = this.#best.choose();
    if (choice?.kind === "response") this.#respond(choice, choice.cause, choice.edits);
    else if (choice !== undefined) this.#answer(choice.reply, choice.cause);
  }

  /** Sends a peer's final response on, with the challenges of other branches where there are some. */
  #respond(answer: Answer, cause: Cause, challenges: readonly Splice[] = []): void {
    const { response } = answer;
    if (response.status < 300) this.#register?.accepted(answer);
    const bytes = this.#onItsWayBack(answer, challenges);
    const first = this.#server.proceeding;
    this.#server.respond(response.status, bytes);
    if (first) this.#end(response.status, cause);
  }

  /** The response as the sender gets it; a filter that fails on it must not leave the sender without an answer. */
  #onItsWayBack({ face, response }: Answer, challenges: readonly Splice[] = []): Buffer {
    const { context, request } = this.#arrival;
    const { seams, log, options } = this.#core;
    const overStream = this.#server.replyFlow.reliable;
    const keepIdentity = face.side === "server" || options.isTrusted(face.flow.remote.address);
    const way = { overStream, keepIdentity };
    try {
      const edits = seams.onResponse(response, this.#branches?.edited?.() ?? request, context);
      const contacts = this.#register?.clientContacts(response) ?? [];
      const more = challenges.length + contacts.length;
      const all = more === 0 ? edits : [...edits, ...challenges, ...contacts];
      return forwardedResponse(response, this.#numberedBack(all, response), way);
    } catch (error) {
      log.warn({ err: error }, "the filter failed on a response");
      const edits = options.onFailure === "block" ? removeBody(response) : [];
      return forwardedResponse(response, this.#numberedBack(edits, response), way);
    }
  }

  /** The edits of a response; to a renumbered request it has the sender's own number again. */
  #numberedBack(edits: readonly Splice[], response: SipResponse): readonly Splice[] {
    const { request } = this.#arrival;
    if (this.#branches?.renumbered !== true || response.cseq.number === request.cseq.number)
      return edits;
    return [...edits, cseqSplice(response, cseqDigits(request))];
  }

  /** Answers instead of the peer. */
  #answer(reply: Reply, cause: Cause): void {
    if (!this.#server.proceeding) return;
    const { request, viaStamp } = this.#arrival;
    const toTag = this.#core.branches.toTag(this.#server.key);
    this.#server.respond(reply.status, buildReply(request, reply, toTag, viaStamp));
    this.#end(reply.status, cause);
  }

  #giveUp(reply: Reply, cause: Cause): void {
    if (!this.#server.proceeding) return;
    this.#answer(reply, cause);
    this.#abandonment.abort();
    this.#dropBranches();
  }

  #end(status: number, cause: Cause): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#arrival.ingress.asking.delete(this);
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
    if (this.#server.invite) this.#branches?.cancelAll();
    else this.#branches?.terminate();
  }

  #finalCause(): Cause {
    return this.#cancelled ? "cancelled" : "answered";
  }
}

import type { SipResponse } from "../wire/sip/message.ts";
import type { TimerHandle } from "../base/timer-wheel.ts";
import { ClientTransaction, type BranchOwner, type Loss } from "./client-transaction.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { mayTell, type Secrecy } from "./secrecy.ts";
import { statusRank } from "./status-rank.ts";
import { busy, type BranchTarget, type Target, type Trouble } from "./targets.ts";

/** What became of a request of our own. */
export type OwnRequestEnd =
  | { readonly kind: "answered"; readonly response: SipResponse; readonly face: FlowFace }
  | { readonly kind: "failed"; readonly reason: "timeout" | "unreachable" | "withheld" };

/** How a request of our own goes out. */
export interface OwnRequestPlan {
  /** Each is a branch of its own; a branch whose connection is lost goes on by its next way. */
  readonly ways: readonly BranchTarget[];
  /** Writes the request for one branch. */
  readonly write: (target: Target, branch: string) => Buffer;
  readonly secrecy: Secrecy;
  readonly timeoutMs: number;
  /** Told once. */
  readonly onEnd: (end: OwnRequestEnd) => void;
}

/**
 * Stands in our branches in place of the hash of a request's way: longer than any hash, so that a request of our own that
 * comes back from the server is never taken for a loop on its first return.
 */
const OWN_WAY = "originated";

/**
 * A MESSAGE that begins here: the client transactions of its branches and the choice of the answer that counts (the first
 * 2xx, else the best refusal). The deadline holds on streams too, where a client transaction has none.
 */
export class OwnRequest implements BranchOwner {
  readonly #core: ProxyCore;
  readonly #plan: OwnRequestPlan;
  readonly #branches = new Map<ClientTransaction, BranchTarget>();
  #deadline: TimerHandle | undefined;
  #best: OwnRequestEnd | undefined;
  #ended = false;
  #withheld = false;

  constructor(core: ProxyCore, plan: OwnRequestPlan) {
    this.#core = core;
    this.#plan = plan;
  }

  start(): void {
    const { ways, timeoutMs } = this.#plan;
    this.#deadline = this.#core.timers.start(timeoutMs, () => this.#end(TIMED_OUT));
    for (const way of ways) {
      if (!this.#startBranch(way)) this.#weigh(this.#withheld ? WITHHELD : UNREACHABLE);
    }
    this.#endWhenSettled();
  }

  /** Gives up. */
  abandon(): void {
    this.#end(UNREACHABLE);
  }

  onResponse(branch: ClientTransaction, response: SipResponse): void {
    const { status } = response;
    if (status < 200) return;
    const end: OwnRequestEnd = { kind: "answered", response, face: branch.face };
    if (status < 300) {
      this.#end(end);
      return;
    }
    this.#weigh(end);
    if (status !== 503 || !this.#goesOn(branch, busy(response))) this.#endWhenSettled();
  }

  onTimeout(): void {
    this.#weigh(TIMED_OUT);
    this.#endWhenSettled();
  }

  onUnreachable(branch: ClientTransaction, why: Loss): void {
    if (why === "cut" || !this.#goesOn(branch, { kind: why })) this.#weigh(UNREACHABLE);
    this.#endWhenSettled();
  }

  #goesOn(branch: ClientTransaction, trouble: Trouble): boolean {
    const way = this.#branches.get(branch);
    return !this.#ended && way !== undefined && this.#startBranch(way, trouble);
  }

  #startBranch(way: BranchTarget, trouble?: Trouble): boolean {
    const target = this.#nextWay(way, trouble);
    if (target === undefined) return false;
    const branch = this.#core.branches.next(OWN_WAY);
    const bytes = this.#plan.write(target, branch);
    const { face } = target;
    const outgoing = { branch, method: "MESSAGE", face, write: () => bytes };
    const transaction = new ClientTransaction(this.#core.clientEnv, this, outgoing);
    this.#branches.set(transaction, way);
    transaction.start();
    return true;
  }

  /** The next way that it may go. */
  #nextWay(way: BranchTarget, trouble: Trouble | undefined): Target | undefined {
    const { faces } = this.#core.targets;
    let target = way.next(trouble);
    while (target !== undefined && !mayTell(faces, this.#plan.secrecy, target.face)) {
      this.#withheld = true;
      target = way.next({ kind: "withheld" });
    }
    return target;
  }

  #weigh(end: OwnRequestEnd): void {
    if (this.#best === undefined || rank(end) < rank(this.#best)) this.#best = end;
  }

  #endWhenSettled(): void {
    for (const branch of this.#branches.keys()) if (branch.pending) return;
    this.#end(this.#best ?? UNREACHABLE);
  }

  #end(end: OwnRequestEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline?.cancel();
    for (const branch of this.#branches.keys()) if (branch.pending) branch.terminate();
    this.#plan.onEnd(end);
  }
}

const TIMED_OUT: OwnRequestEnd = { kind: "failed", reason: "timeout" };
const UNREACHABLE: OwnRequestEnd = { kind: "failed", reason: "unreachable" };
const WITHHELD: OwnRequestEnd = { kind: "failed", reason: "withheld" };

/** A peer's answer before none at all. */
function rank(end: OwnRequestEnd): number {
  if (end.kind === "answered") return statusRank(end.response.status);
  return end.reason === "timeout" ? 10 : 11;
}

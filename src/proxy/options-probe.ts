import { randomBytes } from "node:crypto";
import type { TimerHandle } from "../base/timer-wheel.ts";
import { buildRequest } from "../wire/sip/build.ts";
import type { SipResponse } from "../wire/sip/message.ts";
import { ClientTransaction, type BranchOwner } from "./client-transaction.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ProxyCore } from "./proxy-core.ts";

/** What a probe has found out. */
export type ProbeEnd =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "silent" }
  | { readonly kind: "lost" };

export interface ProbePlan {
  readonly face: FlowFace;
  /** The server itself, no user: it answers, and passes the probe on to nobody. */
  readonly requestUri: string;
  readonly timeoutMs: number;
  /** Told once. */
  readonly onEnd: (end: ProbeEnd) => void;
}

/**
 * One OPTIONS to a server (RFC 3261 §11), to know whether it lives: whatever it answers, it does. On UDP it is repeated
 * like any other request, so that one lost datagram is no failure.
 */
export class OptionsProbe implements BranchOwner {
  readonly #plan: ProbePlan;
  readonly #transaction: ClientTransaction;
  readonly #deadline: TimerHandle;
  #ended = false;

  constructor(core: ProxyCore, plan: ProbePlan) {
    this.#plan = plan;
    const branch = core.branches.next("probe");
    const bytes = probeBytes(plan, branch);
    this.#transaction = new ClientTransaction(core.clientEnv, this, {
      branch,
      method: "OPTIONS",
      face: plan.face,
      write: () => bytes,
    });
    this.#deadline = core.timers.start(plan.timeoutMs, () => this.#end({ kind: "silent" }));
    this.#transaction.start();
  }

  /** Waits no longer; nobody is told. */
  abandon(): void {
    this.#ended = true;
    this.#deadline.cancel();
    this.#transaction.terminate();
  }

  onResponse(_branch: ClientTransaction, { status }: SipResponse): void {
    if (status >= 200) this.#end({ kind: "answered", status });
  }

  onTimeout(): void {
    this.#end({ kind: "silent" });
  }

  onUnreachable(): void {
    this.#end({ kind: "lost" });
  }

  #end(end: ProbeEnd): void {
    if (this.#ended) return;
    this.abandon();
    this.#plan.onEnd(end);
  }
}

function probeBytes({ face, requestUri }: ProbePlan, branch: string): Buffer {
  const tag = randomBytes(8).toString("hex");
  return buildRequest({
    method: "OPTIONS",
    requestUri,
    headers: [
      { name: "Via", value: `${face.viaHead}${branch}`.slice("Via: ".length) },
      { name: "Max-Forwards", value: "70" },
      { name: "From", value: `<sip:${face.sentBy}>;tag=${tag}` },
      { name: "To", value: `<${requestUri}>` },
      { name: "Call-ID", value: randomBytes(16).toString("hex") },
      { name: "CSeq", value: "1 OPTIONS" },
    ],
  });
}

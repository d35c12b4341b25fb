import type { TimerHandle, TimerWheel } from "../base/timer-wheel.ts";
import type { SipResponse } from "../wire/sip/message.ts";
import type { FlowDependent, FlowFace } from "./flow-face.ts";
import { buildAck, buildCancel } from "./hop-requests.ts";
import type { LingerQueue, Lingering } from "./linger.ts";
import { readAgain } from "./read-again.ts";
import { LONGEST_RINGING_MS, T1_MS, T2_MS, TIMER_C_MS, TRANSACTION_MS } from "./timers.ts";

/** What all client transactions share. */
export interface ClientTransactionEnv {
  readonly timers: TimerWheel;
  /** By branch. */
  readonly table: Map<string, ClientTransaction>;
  /** CANCELs under way; they have the branch of their INVITE. */
  readonly cancels: Map<string, CancelTransaction>;
  /** 64·T1: Timers D and M. */
  readonly longLinger: LingerQueue;
}

/** Who sent the request on and waits for what becomes of it. */
export interface BranchOwner {
  /** Every response but 100 and retransmitted refusals; further 2xx to an INVITE included. */
  onResponse(branch: ClientTransaction, response: SipResponse): void;
  /** No (further) answer in time: Timers B, F and C. */
  onTimeout(branch: ClientTransaction): void;
  /** It led nowhere. */
  onUnreachable(branch: ClientTransaction, why: Loss): void;
}

/**
 * Why a request led nowhere. Without any answer: the connection is gone ("lost"), the peer was found dead ("silent"), or
 * the connection had no room for the request ("full"). "cut": the connection is gone while the request was being seen
 * to, so that sending it again would do everything twice.
 */
export type Loss = "lost" | "silent" | "full" | "cut";

/** A request as it goes out. */
export interface OutgoingRequest {
  readonly branch: string;
  readonly method: string;
  readonly face: FlowFace;
  /** Its bytes, the same each time: written anew for each retransmission, so that a request that waits is not kept twice. */
  readonly write: () => Buffer;
}

type State = "calling" | "proceeding" | "accepted" | "completed" | "terminated";

/**
 * The client's half of a transaction: RFC 3261 §17.1 with the Accepted state of RFC 6026. It repeats the request on
 * UDP, acknowledges refusals of an INVITE hop by hop, and cancels it. Where nothing would be answered to a late or
 * repeated response of a finished transaction, it is forgotten at once, and the response is a stray.
 */
export class ClientTransaction implements FlowDependent, Lingering {
  readonly branch: string;
  readonly method: string;
  readonly face: FlowFace;
  readonly #env: ClientTransactionEnv;
  /** Gone once no response can be of interest to it: it holds the request and all that was found out about it. */
  #owner: BranchOwner | undefined;
  #write: (() => Buffer) | undefined;
  #state: State = "calling";
  #timer: TimerHandle | undefined;
  #longest: TimerHandle | undefined;
  #retransmitMs: number = T1_MS;
  #waitedMs = 0;
  #cancelWanted = false;
  /** A string (latin1) while it lingers: a buffer would hold on to the pool that it was cut from. */
  #ack: string | undefined;

  constructor(env: ClientTransactionEnv, owner: BranchOwner, request: OutgoingRequest) {
    this.#env = env;
    this.#owner = owner;
    this.#write = request.write;
    this.branch = request.branch;
    this.method = request.method;
    this.face = request.face;
  }

  get heldBytes(): number {
    return this.branch.length + (this.#ack?.length ?? 0);
  }

  /** True until a final response, a time-out or the loss of the connection. */
  get pending(): boolean {
    return this.#state === "calling" || this.#state === "proceeding";
  }

  /** @param bytes what `write` gave, where it has been asked already */
  start(bytes: Buffer | undefined = this.#write?.()): void {
    const { flow } = this.face;
    this.#env.table.set(this.branch, this);
    if (flow.reliable || this.face.side === "server") this.face.waiting.add(this);
    // Told later: who has just begun this does not expect its end.
    if (bytes !== undefined && !flow.send(bytes)) {
      queueMicrotask(() => this.#lose("full"));
    }
    if (!flow.reliable) this.#armRetransmission();
    else if (this.method === "INVITE") this.#armTimeout(TRANSACTION_MS);
    // A non-INVITE over a stream needs no timer: its server transaction answers 504 before Timer F would fire.
  }

  receive(response: SipResponse): void {
    if (this.#state === "terminated") return;
    if (!this.pending) this.#receiveAgain(response);
    else if (response.status < 200) this.#receiveProvisional(response);
    else this.#receiveFinal(response);
  }

  /** RFC 3261 §9.1: a CANCEL waits for a provisional response, and goes where the INVITE went. */
  cancel(): void {
    if (this.method !== "INVITE" || !this.pending || this.#cancelWanted) return;
    this.#cancelWanted = true;
    if (this.#state === "proceeding") this.#sendCancel();
  }

  /** Nobody waits for this branch any more; what comes later is a stray. */
  terminate(): void {
    this.#leave();
    this.#state = "terminated";
    this.#write = undefined;
    this.#ack = undefined;
    if (this.#env.table.get(this.branch) === this) this.#env.table.delete(this.branch);
  }

  expire(): void {
    this.terminate();
  }

  flowLost(): void {
    this.#lose(this.#state === "proceeding" ? "cut" : "lost");
  }

  /** Only what has had no answer at all may go elsewhere: a callee that rings must not ring twice. */
  peerSilent(): void {
    if (this.#state !== "calling") return;
    this.terminate();
    this.#owner?.onUnreachable(this, "silent");
  }

  #lose(why: Loss): void {
    if (!this.pending) return;
    this.terminate();
    this.#owner?.onUnreachable(this, why);
  }

  #receiveProvisional(response: SipResponse): void {
    const first = this.#state === "calling";
    this.#state = "proceeding";
    if (this.method === "INVITE") {
      if (!this.#cancelWanted && (first || response.status > 100)) this.#armTimeout(TIMER_C_MS);
      if (first && this.#cancelWanted) this.#sendCancel();
      if (first) {
        const { timers } = this.#env;
        this.#longest = timers.start(LONGEST_RINGING_MS, () => this.#timedOut());
      }
    }
    if (response.status > 100) this.#owner?.onResponse(this, response);
  }

  #receiveFinal(response: SipResponse): void {
    this.#leave();
    if (this.method !== "INVITE") {
      this.terminate();
    } else if (response.status < 300) {
      this.#state = "accepted";
      this.#write = undefined;
      this.#env.longLinger.keep(this);
    } else {
      this.#acknowledge(response);
    }
    const owner = this.#owner;
    if (this.#state !== "accepted") this.#owner = undefined;
    owner?.onResponse(this, response);
  }

  #receiveAgain(response: SipResponse): void {
    if (this.#state === "accepted" && response.status >= 200 && response.status < 300) {
      this.#owner?.onResponse(this, response);
    } else if (this.#state === "completed" && response.status >= 300 && this.#ack !== undefined) {
      this.face.flow.send(Buffer.from(this.#ack, "latin1"));
    }
  }

  /** RFC 3261 §17.1.1.3; on UDP the ACK is kept for Timer D, to be sent again. */
  #acknowledge(response: SipResponse): void {
    this.#state = "completed";
    if (this.#write === undefined) return;
    const ack = buildAck(readAgain(this.#write()), response);
    this.#ack = ack.toString("latin1");
    this.#write = undefined;
    this.face.flow.send(ack);
    if (this.face.flow.reliable) this.terminate();
    else this.#env.longLinger.keep(this);
  }

  #sendCancel(): void {
    if (this.#write === undefined) return;
    new CancelTransaction(this.#env, this, buildCancel(readAgain(this.#write()))).start();
    // A peer that answers the CANCEL but not the INVITE is given up after 64·T1.
    this.#armTimeout(TRANSACTION_MS);
  }

  /** Timers A and E, with B and F as their end. */
  #armRetransmission(): void {
    this.#timer = this.#env.timers.start(this.#retransmitMs, () => {
      this.#waitedMs += this.#retransmitMs;
      const invite = this.method === "INVITE";
      if (this.#waitedMs >= TRANSACTION_MS) {
        this.#timedOut();
        return;
      }
      if (this.#write !== undefined) this.face.flow.send(this.#write());
      const slow = !invite && (this.#state === "proceeding" || this.#retransmitMs >= T2_MS / 2);
      this.#retransmitMs = slow ? T2_MS : 2 * this.#retransmitMs;
      if (this.#waitedMs + this.#retransmitMs > TRANSACTION_MS) {
        this.#retransmitMs = TRANSACTION_MS - this.#waitedMs;
      }
      this.#armRetransmission();
    });
  }

  #armTimeout(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#env.timers.start(delayMs, () => this.#timedOut());
  }

  /** RFC 3261 §16.8: an INVITE that rang too long is cancelled first, and given up when that has no effect. */
  #timedOut(): void {
    if (!this.pending) return;
    if (this.method === "INVITE" && this.#state === "proceeding" && !this.#cancelWanted) {
      this.cancel();
      return;
    }
    this.terminate();
    this.#owner?.onTimeout(this);
  }

  #leave(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#longest?.cancel();
    this.#longest = undefined;
    this.face.waiting.delete(this);
  }
}

/** A CANCEL on its way: repeated on UDP until it is answered or 64·T1 are over; its answer ends here. */
export class CancelTransaction {
  readonly #env: ClientTransactionEnv;
  readonly #invite: ClientTransaction;
  readonly #bytes: Buffer;
  #timer: TimerHandle | undefined;
  #retransmitMs: number = T1_MS;
  #waitedMs = 0;

  constructor(env: ClientTransactionEnv, invite: ClientTransaction, bytes: Buffer) {
    this.#env = env;
    this.#invite = invite;
    this.#bytes = bytes;
  }

  start(): void {
    this.#env.cancels.set(this.#invite.branch, this);
    this.#send();
  }

  receive(response: SipResponse): void {
    if (response.status >= 200) this.#end();
  }

  #send(): void {
    const { flow } = this.#invite.face;
    flow.send(this.#bytes);
    const pauseMs = flow.reliable ? TRANSACTION_MS : this.#retransmitMs;
    this.#timer = this.#env.timers.start(pauseMs, () => {
      this.#waitedMs += pauseMs;
      this.#retransmitMs = Math.min(2 * this.#retransmitMs, T2_MS);
      if (this.#waitedMs >= TRANSACTION_MS) this.#end();
      else this.#send();
    });
  }

  #end(): void {
    this.#timer?.cancel();
    this.#env.cancels.delete(this.#invite.branch);
  }
}

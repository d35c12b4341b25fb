import type { TimerHandle, TimerWheel } from "../base/timer-wheel.ts";
import type { ExpiringBytes } from "../base/expiring-bytes.ts";
import type { Flow } from "../transport/flow.ts";
import type { LingerQueue, Lingering } from "./linger.ts";
import type { ResponseContext } from "./response-context.ts";
import { T1_MS, T2_MS, TRANSACTION_MS } from "./timers.ts";

/** What all server transactions share. */
export interface ServerTransactionEnv {
  readonly timers: TimerWheel;
  readonly table: Map<string, ServerTransaction>;
  /** Final answers to what is not INVITE, by key, for retransmissions over UDP: Timer J. */
  readonly answered: ExpiringBytes;
  /** 64·T1: Timers H and L. */
  readonly longLinger: LingerQueue;
  /** T4: Timer I. */
  readonly shortLinger: LingerQueue;
  readonly load: Load;
  /** Called whenever a transaction has its final response. */
  readonly onFinished: () => void;
}

/** Transactions without a final response, and the bytes of their requests. */
export interface Load {
  unfinished: number;
  bytes: number;
}

/** What is known of a server transaction when it begins. */
export interface ServerTransactionStart {
  readonly key: string;
  readonly invite: boolean;
  /** Where the responses go (RFC 3261 §18.2.2). */
  readonly replyFlow: Flow;
  /** Retransmissions of our final answer to an INVITE at most: strangers must not be a target for many (HARDENING D3). */
  readonly maxRetransmissions: number;
  readonly requestBytes: number;
  /** Called when it has its final response, or never gets one. */
  readonly onFinished?: (() => void) | undefined;
}

type State = "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

/**
 * The server's half of a transaction: RFC 3261 §17.2 with the Accepted state of RFC 6026. It absorbs retransmissions
 * of the request, replays the last response, repeats a final answer to INVITE until the ACK is there, and knows
 * nothing of what the request says. Of a finished one its last response is left, of any but an INVITE nothing at all: that
 * answer lies among the others (Timer J).
 */
export class ServerTransaction implements Lingering {
  readonly key: string;
  readonly invite: boolean;
  readonly replyFlow: Flow;
  /** The work on the request; gone after the final response, but for an accepted INVITE. */
  context: ResponseContext | undefined;
  readonly #env: ServerTransactionEnv;
  #state: State = "proceeding";
  /** As latin1: a buffer would hold on to the pool that it was cut from. */
  #lastResponse: string | undefined;
  #timer: TimerHandle | undefined;
  #retransmitMs: number = T1_MS;
  #retransmissionsLeft: number;
  readonly #requestBytes: number;
  readonly #onFinished: (() => void) | undefined;

  constructor(env: ServerTransactionEnv, start: ServerTransactionStart) {
    this.#env = env;
    this.key = start.key;
    this.invite = start.invite;
    this.replyFlow = start.replyFlow;
    this.#retransmissionsLeft = start.maxRetransmissions;
    env.table.set(start.key, this);
    this.#requestBytes = start.requestBytes;
    this.#onFinished = start.onFinished;
    env.load.unfinished += 1;
    env.load.bytes += start.requestBytes;
  }

  get proceeding(): boolean {
    return this.#state === "proceeding";
  }

  get heldBytes(): number {
    // An accepted INVITE keeps its request, for a 2xx of another device may still come.
    const request = this.context === undefined ? 0 : this.#requestBytes;
    return this.key.length + (this.#lastResponse?.length ?? 0) + request;
  }

  /** Sends a response. After the final one only further 2xx to an INVITE go out (RFC 6026 §7.1); others are dropped. */
  respond(status: number, bytes: Buffer): void {
    if (this.#state === "accepted" && status >= 200 && status < 300) {
      this.replyFlow.send(bytes);
      return;
    }
    if (this.#state !== "proceeding") return;
    this.replyFlow.send(bytes);
    if (status >= 200) this.#finish(status, bytes);
    else this.#lastResponse = bytes.toString("latin1");
  }

  /** The request came again: the last response goes out again, a provisional one included. */
  retransmitted(): void {
    // In Accepted the 2xx is repeated by its sender, end to end.
    if (this.#state === "accepted" || this.#state === "confirmed") return;
    this.#replay();
  }

  /**
   * An ACK with this transaction's key. True when it is the hop-by-hop ACK of a final answer other than 2xx, which
   * ends here; false when it is the ACK of a 2xx, which is forwarded.
   */
  acknowledged(): boolean {
    if (this.#state === "accepted" || this.#state === "terminated") return false;
    if (this.#state !== "completed") return true;
    this.#stopTimer();
    this.#lastResponse = undefined;
    this.#state = "confirmed";
    if (this.replyFlow.reliable) this.expire();
    else this.#env.shortLinger.keep(this);
    return true;
  }

  expire(): void {
    if (this.#state === "terminated") return;
    if (this.#state === "proceeding") this.#countFinished();
    this.#stopTimer();
    this.#state = "terminated";
    this.#lastResponse = undefined;
    this.context?.abandon();
    this.context = undefined;
    if (this.#env.table.get(this.key) === this) this.#env.table.delete(this.key);
  }

  #finish(status: number, bytes: Buffer): void {
    this.#countFinished();
    if (this.invite && status < 300) {
      this.#state = "accepted";
      this.#lastResponse = undefined;
      this.#env.longLinger.keep(this);
      return;
    }
    this.#state = "completed";
    this.context = undefined;
    if (!this.invite) {
      if (!this.replyFlow.reliable) this.#env.answered.set(this.key, bytes);
      this.expire();
      return;
    }
    this.#lastResponse = bytes.toString("latin1");
    this.#env.longLinger.keep(this);
    if (this.invite && !this.replyFlow.reliable) this.#armRetransmission();
  }

  /** Timer G: T1, doubled up to T2; Timer H ends it. */
  #armRetransmission(): void {
    if (this.#retransmissionsLeft === 0) return;
    this.#timer = this.#env.timers.start(this.#retransmitMs, () => {
      if (this.#state !== "completed") return;
      this.#retransmissionsLeft -= 1;
      this.#replay();
      this.#retransmitMs = Math.min(2 * this.#retransmitMs, T2_MS);
      this.#armRetransmission();
    });
  }

  #replay(): void {
    if (this.#lastResponse === undefined) return;
    this.replyFlow.send(Buffer.from(this.#lastResponse, "latin1"));
  }

  #countFinished(): void {
    this.#env.load.unfinished -= 1;
    this.#env.load.bytes -= this.#requestBytes;
    this.#onFinished?.();
    this.#env.onFinished();
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** How often Timer G fires before Timer H does: enough for a peer that is known. */
export const ALL_RETRANSMISSIONS: number = Math.ceil(TRANSACTION_MS / T2_MS) + 3;

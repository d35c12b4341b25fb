import { CodedError } from "../base/coded-error.ts";
import type { TimerHandle, TimerWheel } from "../base/timer-wheel.ts";
import type { Clock } from "../base/clock.ts";

/** What is sent on a silent connection, and what the peer says to it (RFC 5626 §3.5.1). */
export interface KeepAliveBytes {
  readonly ping: Buffer;
  readonly pong: Buffer;
}

/** A connection that we opened, or send our requests over, as far as its keepalive is concerned. */
export interface PingedConnection {
  readonly name: string;
  send(bytes: Buffer): void;
  destroy(reason: CodedError): void;
}

export interface KeepAliveDeps {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly bytes: KeepAliveBytes;
  /** Silence after which a ping goes out, and what it may take to be answered; milliseconds. */
  readonly limits: { readonly pingAfterMs: number; readonly pongWithinMs: number };
}

/**
 * Finds out that the other end of a connection which we opened is gone though nobody has said so (RFC 5626 §4.4.1): when
 * nothing has come for a while it sends a ping, and ends the connection when nothing comes after that either. Only a peer
 * that has answered a ping before is held to it: others may know no keepalive, and for them the ping at least makes the
 * system notice.
 */
export class KeepAlive {
  readonly #connection: PingedConnection;
  readonly #deps: KeepAliveDeps;
  #lastHeardMs: number;
  #answers = false;
  #timer: TimerHandle | undefined;

  constructor(connection: PingedConnection, deps: KeepAliveDeps) {
    this.#connection = connection;
    this.#deps = deps;
    this.#lastHeardMs = deps.clock.monotonicMs();
    this.#waitForSilence();
  }

  /** Something has come from the peer. */
  heard(chunk: Buffer): void {
    this.#lastHeardMs = this.#deps.clock.monotonicMs();
    if (!this.#answers && chunk.equals(this.#deps.bytes.pong)) this.#answers = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #waitForSilence(): void {
    const { clock, wheel, limits, bytes } = this.#deps;
    const leftMs = this.#lastHeardMs + limits.pingAfterMs - clock.monotonicMs();
    if (leftMs > 0) {
      this.#timer = wheel.start(leftMs, () => this.#waitForSilence());
      return;
    }
    this.#connection.send(bytes.ping);
    const pingedAtMs = clock.monotonicMs();
    this.#timer = wheel.start(limits.pongWithinMs, () => this.#judge(pingedAtMs));
  }

  #judge(pingedAtMs: number): void {
    if (this.#lastHeardMs < pingedAtMs && this.#answers) {
      const message = `${this.#connection.name} does not answer its keepalive`;
      this.#connection.destroy(new CodedError("KEEPALIVE_UNANSWERED", message));
      return;
    }
    // A peer that knows no keepalive is pinged again after the same silence.
    this.#lastHeardMs = Math.max(this.#lastHeardMs, pingedAtMs);
    this.#waitForSilence();
  }
}

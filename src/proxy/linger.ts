import type { TimerWheel } from "../base/timer-wheel.ts";

/** Something finished that is kept for a while, to answer or absorb retransmissions. */
export interface Lingering {
  /** Bytes that it holds on to. */
  readonly heldBytes: number;
  /** Its time is over, or room is needed. */
  expire(): void;
}

/** What may be held at once; beyond it the oldest go early, and a late retransmission counts as a new request. */
export interface LingerLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** One step of expiry; the backlog of a burst goes in many steps. */
const SWEEP_MS = 100;

interface Entry {
  readonly what: Lingering;
  readonly expiresAt: number;
  readonly bytes: number;
}

/**
 * A queue of things that all linger equally long: first in, first out, so that hundreds of thousands of finished
 * transactions (Timer J, 32 s) cost no timer each.
 */
export class LingerQueue {
  readonly #timers: TimerWheel;
  readonly #nowMs: () => number;
  readonly #durationMs: number;
  readonly #limits: LingerLimits;
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #armed = false;

  constructor(timers: TimerWheel, nowMs: () => number, durationMs: number, limits: LingerLimits) {
    this.#timers = timers;
    this.#nowMs = nowMs;
    this.#durationMs = durationMs;
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  keep(what: Lingering): void {
    const bytes = what.heldBytes;
    this.#entries.push({ what, bytes, expiresAt: this.#nowMs() + this.#durationMs });
    this.#bytes += bytes;
    while (this.size > this.#limits.entries || this.#bytes > this.#limits.bytes) this.#drop();
    this.#arm();
  }

  #arm(): void {
    if (this.#armed || this.size === 0) return;
    this.#armed = true;
    this.#timers.start(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    this.#armed = false;
    const nowMs = this.#nowMs();
    while (this.#head < this.#entries.length) {
      const first = this.#entries[this.#head];
      if (first !== undefined && first.expiresAt > nowMs) break;
      this.#drop();
    }
    this.#arm();
  }

  #drop(): void {
    const first = this.#entries[this.#head];
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    if (first === undefined) return;
    this.#bytes -= first.bytes;
    first.what.expire();
  }
}

import type { Clock, ScheduledCall } from "./clock.ts";

/**
 * A hashed timer wheel: very many timers (every transaction has some) for the price of one call of the clock per tick.
 *
 * Starting and cancelling take constant time. A timer never runs early, and late by up to one tick (plus what the
 * event loop adds). Timers that fall due together run in the order in which they were started, in small steps with
 * the event loop's turn in between, so that ten thousand expiries do not hold up the sockets. Nothing is scheduled
 * while no timer is pending.
 */
export interface TimerWheel {
  /** Runs `run` once, `delayMs` from now or up to a tick later. A delay of 0 means the next tick. */
  start(delayMs: number, run: () => void): TimerHandle;
  /** How many timers are pending. */
  readonly size: number;
}

/** One pending timer. Cancelling it twice, or after it has run, does nothing. */
export type TimerHandle = ScheduledCall;

/** Slots of the wheel; with ticks of 100 ms a turn takes 51.2 s, longer timers are passed over once per turn. */
const SLOTS = 512; // a power of two
/** Timers run in one step before the event loop gets its turn; a backlog raises it, so that it always drains. */
const STEP = 256;
const BACKLOG_SHARE = 8;

/** Makes a wheel that advances every `tickMs` milliseconds of the monotonic clock while timers are pending. */
export function createTimerWheel(clock: Clock, tickMs: number): TimerWheel {
  return new HashedWheel(clock, tickMs);
}

/** A timer, and the link of the list that it stands in. */
class Timer implements TimerHandle {
  run: (() => void) | undefined;
  readonly expiryTick: number;
  list: TimerList | undefined;
  previous: Timer | undefined;
  next: Timer | undefined;
  readonly #wheel: HashedWheel;

  constructor(wheel: HashedWheel, expiryTick: number, run: () => void) {
    this.#wheel = wheel;
    this.expiryTick = expiryTick;
    this.run = run;
  }

  cancel(): void {
    if (this.list !== undefined) this.#wheel.discard(this);
  }
}

/** A doubly linked list, so that a timer leaves from anywhere in constant time. */
class TimerList {
  first: Timer | undefined;
  #last: Timer | undefined;
  length = 0;

  append(timer: Timer): void {
    timer.list = this;
    timer.previous = this.#last;
    timer.next = undefined;
    if (this.#last === undefined) this.first = timer;
    else this.#last.next = timer;
    this.#last = timer;
    this.length += 1;
  }

  remove(timer: Timer): void {
    if (timer.previous === undefined) this.first = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next === undefined) this.#last = timer.previous;
    else timer.next.previous = timer.previous;
    timer.list = undefined;
    timer.previous = undefined;
    timer.next = undefined;
    this.length -= 1;
  }
}

class HashedWheel implements TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: readonly TimerList[] = Array.from({ length: SLOTS }, () => new TimerList());
  readonly #due = new TimerList();
  /** Every slot up to and including this tick has been emptied of what was due. */
  #doneTick = 0;
  #scheduled = false;
  #size = 0;

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  get size(): number {
    return this.#size;
  }

  start(delayMs: number, run: () => void): TimerHandle {
    const nowMs = this.#clock.monotonicMs();
    if (this.#size === 0) this.#doneTick = Math.floor(nowMs / this.#tickMs);
    const wanted = Math.ceil((nowMs + Math.max(0, delayMs)) / this.#tickMs);
    const timer = new Timer(this, Math.max(wanted, this.#doneTick + 1), run);
    this.#slotOf(timer.expiryTick).append(timer);
    this.#size += 1;
    this.#arm();
    return timer;
  }

  /** Takes a pending timer out; its closure is let go at once, even when the handle is kept. */
  discard(timer: Timer): void {
    timer.list?.remove(timer);
    timer.run = undefined;
    this.#size -= 1;
  }

  #slotOf(tick: number): TimerList {
    const slot = this.#slots[tick & (SLOTS - 1)];
    if (slot === undefined) throw new RangeError(`no slot for tick ${tick}`);
    return slot;
  }

  #arm(): void {
    if (this.#scheduled || this.#size === 0) return;
    this.#scheduled = true;
    const untilNextTick = (this.#doneTick + 1) * this.#tickMs - this.#clock.monotonicMs();
    const delayMs = this.#due.length > 0 ? 0 : Math.max(0, untilNextTick);
    this.#clock.schedule(delayMs, () => this.#advance());
  }

  #advance(): void {
    this.#scheduled = false;
    try {
      this.#collectDue(Math.floor(this.#clock.monotonicMs() / this.#tickMs));
      this.#runDue();
    } finally {
      // Also after a throw: one broken callback must not stop every timer of the process.
      this.#arm();
    }
  }

  /** Moves what is due up to `tick` into the list of due timers; after a long pause each slot is read only once. */
  #collectDue(tick: number): void {
    const slots = Math.min(tick - this.#doneTick, SLOTS);
    for (let passed = 1; passed <= slots; passed += 1) {
      const slot = this.#slotOf(this.#doneTick + passed);
      let timer = slot.first;
      while (timer !== undefined) {
        const { next } = timer;
        if (timer.expiryTick <= tick) {
          slot.remove(timer);
          this.#due.append(timer);
        }
        timer = next;
      }
    }
    this.#doneTick = Math.max(this.#doneTick, tick);
  }

  #runDue(): void {
    const budget = Math.max(STEP, Math.ceil(this.#due.length / BACKLOG_SHARE));
    for (let ran = 0; ran < budget; ran += 1) {
      const timer = this.#due.first;
      if (timer === undefined) return;
      const { run } = timer;
      this.discard(timer);
      run?.();
    }
  }
}

import type { Clock } from "../base/clock.ts";
import { DemoFailed } from "./demo-failed.ts";

interface Waiter<T> {
  readonly fits: (item: T) => boolean;
  readonly take: (item: T) => void;
  readonly giveUp: (error: Error) => void;
}

/** On one machine everything takes milliseconds: what has not come by then does not come. */
const PATIENCE_MS = 5000;

/** What has arrived and was not asked for yet; whoever asks early waits. */
export class Mailbox<T> {
  readonly #clock: Clock;
  #kept: readonly T[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  #closed: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What nobody has asked for. */
  get kept(): readonly T[] {
    return this.#kept;
  }

  put(item: T): void {
    for (const waiter of this.#waiters) {
      if (!waiter.fits(item)) continue;
      waiter.take(item);
      return;
    }
    this.#kept = [...this.#kept, item];
  }

  /** The next item that fits. Rejects with DemoFailed, with `what` in its message, when none comes in time. */
  async next(what: string, fits: (item: T) => boolean = () => true): Promise<T> {
    const found = this.#kept.find(fits);
    if (found !== undefined) {
      this.#kept = this.#kept.filter((item) => item !== found);
      return found;
    }
    if (this.#closed !== undefined) throw this.#closed;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter: Waiter<T> = { fits, take: resolve, giveUp: reject };
    this.#waiters.add(waiter);
    const timer = this.#clock.schedule(PATIENCE_MS, () => reject(new DemoFailed(`no ${what}`)));
    try {
      return await promise;
    } finally {
      timer.cancel();
      this.#waiters.delete(waiter);
    }
  }

  /** Nothing more will come. */
  close(why: Error): void {
    this.#closed = why;
    for (const waiter of this.#waiters) waiter.giveUp(why);
  }
}

import { onAbort } from "./on-abort.ts";

/** At most so many scans at once; the rest wait in order, and beyond that nobody may wait. */
export class ScanSlots {
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #slots: number;
  /** Below zero after fewer were allowed than were taken. */
  #free: number;

  constructor(slots: number, maxWaiting: number) {
    this.#slots = slots;
    this.#free = slots;
    this.#maxWaiting = maxWaiting;
  }

  /** True: a slot is taken, and `release` must follow. False: too many wait, or the signal aborted before it was our turn. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.length >= this.#maxWaiting) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const grant = (): void => resolve(true);
    this.#waiting.push(grant);
    const stop = onAbort(signal, () => {
      const index = this.#waiting.indexOf(grant);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      resolve(false);
    });
    const granted = await promise;
    stop();
    return granted;
  }

  /** From now on so many at once; what runs goes on. */
  allow(slots: number): void {
    this.#free += slots - this.#slots;
    this.#slots = slots;
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Hands the slot to the next who waits. */
  release(): void {
    if (this.#free < 0) {
      this.#free += 1;
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

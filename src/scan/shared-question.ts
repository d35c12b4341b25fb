/**
 * One answer for all who ask before the question has gone out: each answer is newer than the wish for it, and many that come together cost
 * one. Never asks twice at a time.
 */
export class SharedQuestion<T> {
  readonly #ask: () => Promise<T>;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | undefined;

  /** @param ask never rejects */
  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** What is said from now on. */
  async answer(): Promise<T> {
    this.#next ??= this.#askAfter(this.#running);
    return this.#next;
  }

  async #askAfter(before: Promise<unknown>): Promise<T> {
    await before;
    const asked = this.#ask();
    this.#running = asked;
    this.#next = undefined;
    return asked;
  }
}

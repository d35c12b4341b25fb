/** What has arrived and was not yet asked for; whoever asks too early waits. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: { readonly wanted: (item: T) => boolean; readonly take: (item: T) => void }[] =
    [];

  get size(): number {
    return this.#items.length;
  }

  /** Everything that nobody has asked for yet. */
  get items(): readonly T[] {
    return this.#items;
  }

  put(item: T): void {
    const index = this.#waiting.findIndex((waiter) => waiter.wanted(item));
    if (index < 0) {
      this.#items.push(item);
      return;
    }
    const [waiter] = this.#waiting.splice(index, 1);
    waiter?.take(item);
  }

  /** The next item that is wanted; rejects with `what` in its message when none comes in time. */
  async next(
    what: string,
    wanted: (item: T) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<T> {
    const index = this.#items.findIndex(wanted);
    const found = index < 0 ? undefined : this.#items.splice(index, 1)[0];
    if (found !== undefined) return found;
    return new Promise<T>((resolve, reject) => {
      const waiter = {
        wanted,
        take: (item: T): void => {
          clearTimeout(timer);
          resolve(item);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(new Error(`waited ${timeoutMs} ms in vain for ${what}`));
      }, timeoutMs);
      this.#waiting.push(waiter);
    });
  }
}

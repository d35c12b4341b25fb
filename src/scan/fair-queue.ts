/** Whoever waits, in the order of asking among those of one owner. */
interface Waiter<T> {
  readonly owner: string | symbol;
  readonly item: T;
}

/**
 * Who gets the next of a few things: owners take turns, however many each has waiting, and none ever has more than its share at
 * once. So one that keeps them long does not keep them from others.
 */
export class FairQueue<T> {
  /** The next one first. */
  readonly #turns = new Map<string | symbol, T[]>();
  readonly #held = new Map<string | symbol, number>();
  readonly #share: number;

  /** @param share how many an owner may have at once */
  constructor(share: number) {
    this.#share = share;
  }

  /** @param owner absent: one of its own */
  enter(owner: string | undefined, item: T): Waiter<T> {
    const waiter = { owner: owner ?? Symbol("nobody else"), item };
    const turn = this.#turns.get(waiter.owner);
    if (turn === undefined) this.#turns.set(waiter.owner, [item]);
    else turn.push(item);
    return waiter;
  }

  /** False: it does not wait any more. */
  leave({ owner, item }: Waiter<T>): boolean {
    const turn = this.#turns.get(owner);
    const index = turn?.indexOf(item) ?? -1;
    if (turn === undefined || index === -1) return false;
    turn.splice(index, 1);
    if (turn.length === 0) this.#turns.delete(owner);
    return true;
  }

  /** How many may have something now. */
  get ready(): number {
    let count = 0;
    for (const [owner, turn] of this.#turns) {
      count += Math.max(0, Math.min(turn.length, this.#share - (this.#held.get(owner) ?? 0)));
    }
    return count;
  }

  /** Whose turn it is; `release` of the owner must follow. Undefined: nobody may have anything now. */
  next(): Waiter<T> | undefined {
    for (const [owner, turn] of this.#turns) {
      const held = this.#held.get(owner) ?? 0;
      const [item] = turn;
      if (held >= this.#share || item === undefined) continue;
      this.#turns.delete(owner);
      if (turn.length > 1) this.#turns.set(owner, turn.slice(1));
      this.#held.set(owner, held + 1);
      return { owner, item };
    }
    return undefined;
  }

  release(owner: string | symbol): void {
    const held = (this.#held.get(owner) ?? 0) - 1;
    if (held > 0) this.#held.set(owner, held);
    else this.#held.delete(owner);
  }

  /** All who wait; they do not any more. */
  clear(): readonly T[] {
    const all = [...this.#turns.values()].flat();
    this.#turns.clear();
    return all;
  }
}

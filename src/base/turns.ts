/** Work that is done one after the other. */
export interface Turns {
  /**
   * Does `work` when all that came before is done. While it still waits, who asks for the same (`key`) shares it: what is
   * begun after the request serves the request.
   */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** @example turns.take("reload", readEverything) */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  const waiting = new Map<string, Promise<unknown>>();
  return {
    async take<T>(key: string, work: () => Promise<T>): Promise<T> {
      const shared = waiting.get(key);
      // Who uses a key twice means the same work.
      if (shared !== undefined) return shared as Promise<T>;
      const mine = last.then(async () => {
        waiting.delete(key);
        return work();
      });
      waiting.set(key, mine);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is neither undefined nor false; for things outside this process, which send no signal. */
export async function waitUntil<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(25);
  }
}

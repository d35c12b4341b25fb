import type { Clock } from "../base/clock.ts";
import type { Relay } from "../relay/relay.ts";

const LOOK_MS = 100;

/** Resolves when no transfer is open any more, or after `graceMs`. */
export async function transfersEnded(
  relay: Pick<Relay, "load">,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const end = clock.monotonicMs() + graceMs;
  while (relay.load.open > 0 && clock.monotonicMs() < end) {
    const looked = Promise.withResolvers<void>();
    clock.schedule(LOOK_MS, looked.resolve);
    await looked.promise;
  }
}

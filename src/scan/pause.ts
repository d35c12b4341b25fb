import type { Clock } from "../base/clock.ts";
import { onAbort } from "./on-abort.ts";

/** Waits `ms` by the clock, or until the signal aborts. Never rejects. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = clock.schedule(ms, resolve);
  const stop = onAbort(signal, resolve);
  await promise;
  call.cancel();
  stop();
}

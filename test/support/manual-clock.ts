import type { Clock, ScheduledCall } from "../../src/base/clock.ts";

/** A clock that stands still until a test moves it. Wall clock and monotonic clock move together. */
export interface ManualClock extends Clock {
  /**
   * Moves time on by `ms` and runs every call that falls due on the way, in order, each at its own moment; calls
   * that these schedule are run too when they fall due within the same span.
   */
  advance(ms: number): void;
  /** How many calls are waiting. */
  readonly scheduledCalls: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly run: () => void;
}

/** 2026-01-01T00:00:00Z: where a manual clock starts unless told otherwise. */
const DEFAULT_START_MS = 1_767_225_600_000;

/** Makes a clock whose wall time begins at `startMs`; its monotonic time begins at 1 second. */
export function createManualClock(startMs: number = DEFAULT_START_MS): ManualClock {
  let elapsedMs = 0;
  const waiting: Waiting[] = [];

  function schedule(delayMs: number, run: () => void): ScheduledCall {
    const call: Waiting = { dueMs: elapsedMs + Math.max(0, delayMs), run };
    const later = waiting.findIndex((other) => other.dueMs > call.dueMs);
    waiting.splice(later === -1 ? waiting.length : later, 0, call);
    return {
      cancel(): void {
        const index = waiting.indexOf(call);
        if (index !== -1) waiting.splice(index, 1);
      },
    };
  }

  function advance(ms: number): void {
    const untilMs = elapsedMs + ms;
    for (;;) {
      const call = waiting[0];
      if (call === undefined || call.dueMs > untilMs) break;
      waiting.shift();
      elapsedMs = Math.max(elapsedMs, call.dueMs);
      call.run();
    }
    elapsedMs = untilMs;
  }

  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => 1000 + elapsedMs,
    schedule,
    advance,
    get scheduledCalls(): number {
      return waiting.length;
    },
  };
}

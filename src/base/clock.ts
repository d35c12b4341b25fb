/**
 * Time as a capability: wall clock for records, monotonic clock for timers (a clock that is set back must not
 * stretch a transaction). Tests hand in a manual clock, so that nothing ever sleeps.
 * The system clock below is the one place in the program that touches setTimeout.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Monotonic clock, milliseconds since some fixed moment. */
  monotonicMs(): number;
  /** Runs `run` once after `delayMs`; the handle cancels it. The timer does not keep the process alive. */
  schedule(delayMs: number, run: () => void): ScheduledCall;
}

export interface ScheduledCall {
  cancel(): void;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

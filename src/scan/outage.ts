import type { Clock } from "../base/clock.ts";
import { pause } from "./pause.ts";

/**
 * The time in which an engine is down, and the files that wait for its end. An engine that is just down is often back in a moment (it is
 * restarted, or the machine has just begun): a file waits as long as a scan may take, counted from the beginning. Of a longer outage nobody
 * waits for the end: whoever comes later is told at once.
 */
export class Outage {
  readonly #clock: Clock;
  #sinceMs: number | undefined;
  #end = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Once for each outage, however often it is told. */
  begin(): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#end = new AbortController();
  }

  /** Nobody waits for the end of this one. */
  giveUp(): void {
    this.#sinceMs = -Infinity;
  }

  end(): void {
    this.#sinceMs = undefined;
    this.#end.abort();
  }

  /**
   * Waits for its end.
   * @param patienceMs from the beginning of the outage on
   * @param signal who waits has gone
   * @returns whether it is over
   */
  async isOver(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#sinceMs === undefined) return true;
    const leftMs = this.#sinceMs + patienceMs - this.#clock.monotonicMs();
    if (leftMs <= 0 || signal.aborted) return false;
    const { signal: end } = this.#end;
    await pause(this.#clock, leftMs, AbortSignal.any([end, signal]));
    return end.aborted;
  }
}

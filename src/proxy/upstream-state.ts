/** How an upstream stands: what its OPTIONS probes say, or nothing yet. */
export type UpstreamStatus = "unknown" | "up" | "down";

/** How many probes in a row make an upstream go, and come back. */
export interface ProbeThresholds {
  readonly failures: number;
  readonly successes: number;
}

/**
 * What is known of one upstream. It goes after some failed probes in a row and comes back after some good ones, so that
 * one that flaps does not take the requests along with it.
 */
export class UpstreamState {
  status: UpstreamStatus = "unknown";
  /** Wall clock, milliseconds since 1970, of the last change. */
  since: number | undefined;
  /** In words, why it is down; "" while it is not. */
  reason = "";
  #failures = 0;
  #successes = 0;

  /** A probe was answered, or something else came. True when the upstream has come (back). */
  noteAlive(thresholds: ProbeThresholds, nowMs: number): boolean {
    this.#failures = 0;
    this.#successes += 1;
    if (this.status === "up") return false;
    if (this.status === "down" && this.#successes < thresholds.successes) return false;
    this.#change("up", "", nowMs);
    return true;
  }

  /** A probe failed; `certain`: requests were left unanswered as well, so that one is enough. True when it has gone. */
  noteDead(reason: string, certain: boolean, thresholds: ProbeThresholds, nowMs: number): boolean {
    this.#successes = 0;
    this.#failures += 1;
    if (this.status === "down") {
      this.reason = reason;
      return false;
    }
    if (!certain && this.#failures < thresholds.failures) return false;
    this.#change("down", reason, nowMs);
    return true;
  }

  #change(status: UpstreamStatus, reason: string, nowMs: number): void {
    this.status = status;
    this.reason = reason;
    this.since = nowMs;
  }
}

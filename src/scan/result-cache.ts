import type { Clock } from "../base/clock.ts";
import type { EngineAnswer } from "./combine-results.ts";

interface Entry {
  readonly answers: readonly EngineAnswer[];
  /** On the monotonic clock. */
  readonly expiresAtMs: number;
}

/**
 * What engines said of contents, for a while. Bounded: a full cache forgets what it has kept longest. It knows nothing of
 * signatures: whoever owns it empties it when they change.
 */
export class ResultCache {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: string): readonly EngineAnswer[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > this.#clock.monotonicMs()) return entry.answers;
    this.#entries.delete(key);
    return undefined;
  }

  keep(key: string, answers: readonly EngineAnswer[], lifetimeMs: number): void {
    this.#entries.delete(key);
    const [longest] = this.#entries.keys();
    if (longest !== undefined && this.#entries.size >= this.#maxEntries) {
      this.#entries.delete(longest);
    }
    this.#entries.set(key, { answers, expiresAtMs: this.#clock.monotonicMs() + lifetimeMs });
  }

  clear(): void {
    this.#entries.clear();
  }
}

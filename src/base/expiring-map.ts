import type { Clock, ScheduledCall } from "./clock.ts";

export interface ExpiringMapOptions<V> {
  /** How long an entry lives after it was set. */
  readonly ttlMs: number;
  /** Beyond this the oldest entry goes, as if its time had come. */
  readonly maxEntries: number;
  /** Told of every entry that expired or had to make room; not of those that were taken out or replaced in their time. */
  readonly onExpire?: (value: V) => void;
}

/**
 * A bounded map whose entries go by themselves. All entries live equally long, so insertion order is expiry order and
 * one timer for the oldest is enough.
 */
export class ExpiringMap<V> {
  readonly #clock: Clock;
  readonly #options: ExpiringMapOptions<V>;
  readonly #entries = new Map<string, { readonly value: V; readonly expiresAt: number }>();
  #timer: ScheduledCall | undefined;

  constructor(clock: Clock, options: ExpiringMapOptions<V>) {
    this.#clock = clock;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt <= this.#clock.monotonicMs()) return undefined;
    return entry.value;
  }

  /** Takes an entry out; its expiry is then nobody's business any more. */
  take(key: string): V | undefined {
    const value = this.get(key);
    if (value !== undefined) this.#entries.delete(key);
    return value;
  }

  set(key: string, value: V): void {
    this.#replace(key);
    if (this.#entries.size >= this.#options.maxEntries) this.#expireOldest();
    const expiresAt = this.#clock.monotonicMs() + this.#options.ttlMs;
    this.#entries.set(key, { value, expiresAt });
    this.#timer ??= this.#clock.schedule(this.#options.ttlMs, () => this.#sweep());
  }

  /** Expires everything now, at shutdown. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#entries.size > 0) this.#expireOldest();
  }

  /** The timer of an entry whose time is over may come late: where the thread is busy, another takes its place before. */
  #replace(key: string): void {
    const old = this.#entries.get(key);
    if (old === undefined) return;
    this.#entries.delete(key);
    if (old.expiresAt <= this.#clock.monotonicMs()) this.#options.onExpire?.(old.value);
  }

  #expireOldest(): void {
    const oldest = this.#entries.entries().next();
    if (oldest.done === true) return;
    this.#entries.delete(oldest.value[0]);
    this.#options.onExpire?.(oldest.value[1].value);
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    for (const entry of this.#entries.values()) {
      if (entry.expiresAt > now) {
        this.#timer = this.#clock.schedule(entry.expiresAt - now, () => this.#sweep());
        return;
      }
      this.#expireOldest();
    }
  }
}

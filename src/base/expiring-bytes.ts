import { randomBytes } from "node:crypto";
import { ByteSegment } from "./byte-segment.ts";
import type { Clock } from "./clock.ts";

export interface ExpiringBytesOptions {
  /** How long an entry lives after it was set. */
  readonly ttlMs: number;
  /** Beyond this the oldest entries go early, a segment of them at a time. */
  readonly maxBytes: number;
}

const SMALLEST = 64 * 1024;
/** Segments that the bound is made of at least: the more, the more have to be looked through. */
const LEAST_SEGMENTS = 8;
/** A segment takes entries for this share of their life at most, so that it is gone soon after the last of them. */
const SHARE_OF_LIFE = 4;

/**
 * Very many small things that all live equally long, by a key: answers of finished transactions, fingerprints of what left.
 *
 * They lie in buffers beside the heap, written one behind the other. A hundred thousand objects would be copied and marked
 * by the collector again and again while they wait for their end, and that is where the pauses of a busy proxy come from;
 * these it never sees. Nothing is taken out: a segment goes as a whole when its last entry's time has come. Segments begin
 * small and double while they fill quickly; an idle map holds none.
 *
 * Keys and values beyond latin1 and 4 GiB are not what this is for. What does not fit into a segment is not kept.
 */
export class ExpiringBytes {
  readonly #clock: Clock;
  readonly #options: ExpiringBytesOptions;
  readonly #largest: number;
  /** The newest last. */
  #segments: ByteSegment[] = [];
  #spare: ByteSegment | undefined;
  #sweeping = false;
  /** Whoever chooses keys must not be able to tell which of them share a place. */
  readonly #seed = randomBytes(4).readUInt32LE();

  constructor(clock: Clock, options: ExpiringBytesOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#largest = Math.max(SMALLEST, Math.floor(options.maxBytes / LEAST_SEGMENTS));
  }

  /** Entries, those whose time has come but whose segment has not counted as well. */
  get size(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.count, 0);
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** @param key A text of characters up to U+00FF; a second entry under it hides the first. */
  set(key: string, value: Buffer): void {
    const size = ByteSegment.recordBytes(key, value.length);
    if (size > this.#largest) return;
    const nowMs = this.#clock.monotonicMs();
    const hash = hashOf(this.#seed, key);
    const last = this.#segments.at(-1);
    const isOpen = last !== undefined && nowMs - last.startedAt < this.#openForMs;
    if (isOpen && last.add(hash, key, value, nowMs)) return;
    this.#newSegment(nowMs, size).add(hash, key, value, nowMs);
  }

  /** A view that is good until the next call, or undefined. */
  get(key: string): Buffer | undefined {
    if (this.#segments.length === 0) return undefined;
    const hash = hashOf(this.#seed, key);
    const sinceMs = this.#clock.monotonicMs() - this.#options.ttlMs;
    for (let i = this.#segments.length - 1; i >= 0; i -= 1) {
      const found = (this.#segments[i] as ByteSegment).find(hash, key, sinceMs);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Forgets everything, at shutdown. */
  clear(): void {
    this.#segments = [];
    this.#spare = undefined;
  }

  get #openForMs(): number {
    return this.#options.ttlMs / SHARE_OF_LIFE;
  }

  #newSegment(nowMs: number, atLeast: number): ByteSegment {
    const size = this.#nextSize(nowMs, atLeast);
    let held = this.#segments.reduce((sum, segment) => sum + segment.size, size);
    while (held > this.#options.maxBytes && this.#segments.length > 0) {
      held -= this.#segments[0]?.size ?? 0;
      this.#dropOldest();
    }
    const segment = this.#spare?.size === size ? this.#spare : new ByteSegment(size);
    this.#spare = undefined;
    segment.begin(nowMs);
    this.#segments.push(segment);
    this.#arm();
    return segment;
  }

  /** What was full before its time is followed by one twice as large. */
  #nextSize(nowMs: number, atLeast: number): number {
    const last = this.#segments.at(-1);
    let size = SMALLEST;
    if (last !== undefined) {
      const quick = nowMs - last.startedAt < this.#openForMs / 2;
      size = quick ? 2 * last.size : last.size;
    }
    while (size < atLeast) size *= 2;
    return Math.min(size, this.#largest);
  }

  #arm(): void {
    if (this.#sweeping || this.#segments.length === 0) return;
    this.#sweeping = true;
    this.#clock.schedule(this.#openForMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#sweeping = false;
    const sinceMs = this.#clock.monotonicMs() - this.#options.ttlMs;
    while ((this.#segments[0]?.lastAt ?? Infinity) < sinceMs) this.#dropOldest();
    if (this.#segments.length === 0) this.#spare = undefined;
    this.#arm();
  }

  /** One is kept for the next, so that a busy map allocates nothing. */
  #dropOldest(): void {
    this.#spare = this.#segments.shift();
  }
}

const FNV_PRIME = 0x01000193;

/** FNV-1a, 32 bits, from a start that is this process's own. */
function hashOf(seed: number, key: string): number {
  let hash = seed;
  for (let i = 0; i < key.length; i += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(i), FNV_PRIME);
  }
  // The low bits choose the place, and of FNV's they depend on the low bits of the characters alone.
  return (hash ^ (hash >>> 15)) >>> 0;
}

import { RecentMap } from "../base/recent-map.ts";

/** So many in so long; both above zero. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** What becomes of a request: it is taken, answered that it is too much, or dropped without a word. */
export type Admission = "pass" | "refuse" | "drop";

/** Sources that are remembered; a source that comes back after having been forgotten begins with a full bucket. */
const REMEMBERED = 50_000;
/** What goes on with something begun (in a dialog, ACK, CANCEL, retransmissions) may be so many times as much. */
const GOING_ON_FACTOR = 4;

interface Source {
  /** Tokens left at `atMs`: for new requests, for what goes on, and for refusals. */
  fresh: number;
  goingOn: number;
  refusals: number;
  atMs: number;
}

/**
 * Token buckets for each source (`limits.rate_per_source`, decision 029). Each may begin `count` requests at once and then as
 * many in every `perMs`; what exceeds that is refused, but no more than `count` times in `perMs`, and beyond is dropped: an
 * answer to each of a flood would only carry the flood on, to whoever's address stands on it.
 */
export class SourceRates {
  readonly #rate: Rate;
  readonly #sources = new RecentMap<Source>(REMEMBERED);

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Sources that are remembered now. */
  get size(): number {
    return this.#sources.size;
  }

  /** Takes a token for a request that begins something (`isNew`) or goes on with it. */
  admit(source: string, isNew: boolean, nowMs: number): Admission {
    const bucket = this.#bucketOf(source, nowMs);
    if (isNew ? bucket.fresh >= 1 : bucket.goingOn >= 1) {
      if (isNew) bucket.fresh -= 1;
      else bucket.goingOn -= 1;
      return "pass";
    }
    if (bucket.refusals < 1) return "drop";
    bucket.refusals -= 1;
    return "refuse";
  }

  #bucketOf(source: string, nowMs: number): Source {
    const { count, perMs } = this.#rate;
    const known = this.#sources.get(source);
    if (known === undefined) {
      const full = { fresh: count, goingOn: GOING_ON_FACTOR * count, refusals: count, atMs: nowMs };
      this.#sources.set(source, full);
      return full;
    }
    const gained = ((nowMs - known.atMs) * count) / perMs;
    known.atMs = nowMs;
    known.fresh = Math.min(count, known.fresh + gained);
    known.goingOn = Math.min(GOING_ON_FACTOR * count, known.goingOn + GOING_ON_FACTOR * gained);
    known.refusals = Math.min(count, known.refusals + gained);
    return known;
  }
}

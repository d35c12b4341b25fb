import { hash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { RateCounter, RateMeter } from "../policy/facts.ts";

/** Bounds on what the counters may hold. */
export interface RateLimits {
  /** Different keys in all rules together; beyond, the one that was counted longest ago is forgotten. */
  readonly keys: number;
  /** Actions of the last 64 s that are known again when they come with credentials. */
  readonly actions: number;
  /** What all these actions together have counted; beyond, they are forgotten, and one that comes again counts again. */
  readonly counts: number;
}

export const DEFAULT_RATE_LIMITS: RateLimits = { keys: 50_000, actions: 20_000, counts: 200_000 };

/** How long an action may wait for its credentials: the longest retry that SIP knows. */
const SAME_ACTION_MS = 64_000;

/** A window is counted in so many parts, and the one that is under way. */
const PARTS = 10;

const MAX_KEY = 200;

/** A server and a proxy, each in two realms; more of them are another try to be counted once. */
const MOST_CREDENTIALS = 4;

/** What makes two requests the same action, and how many credentials the request bears. */
export interface RatedAction {
  readonly key: string;
  readonly credentials: number;
}

/**
 * What the condition `rate` counts. It lives as long as the filter, outside of the policies, so that a reload forgets
 * nothing; a restart does.
 *
 * An action counts once for each meter, however often it is judged: in several phases, with its file later, again for the
 * trace, and once more with the credentials that the server has asked for. A count looks back at least as far as its rule
 * says, and at most a tenth further.
 */
export class Rates {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  /** In the order of the last count. */
  readonly #windows = new Map<string, Window>();
  readonly #actions: ExpiringMap<CountedAction>;
  /** Of all actions that are known again. */
  #counts = 0;

  constructor(clock: Clock, limits: RateLimits = DEFAULT_RATE_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
    this.#actions = new ExpiringMap(clock, {
      ttlMs: SAME_ACTION_MS,
      maxEntries: limits.actions,
      onExpire: ({ counted }) => (this.#counts -= counted.size),
    });
  }

  /** Keys that are counted now. */
  get size(): number {
    return this.#windows.size;
  }

  /** The counter of one action; `describe` is asked only if a rule counts. */
  counterFor(describe: () => RatedAction): RateCounter {
    let counted: Map<string, number> | undefined;
    let action = describe;
    return {
      detach() {
        const described = action();
        action = () => described;
      },
      count: (meter, value) => {
        counted ??= this.#countedOf(action());
        const key = keyOf(meter, value);
        const known = counted.get(key);
        if (known !== undefined) return known;
        const count = this.#add(key, meter.overMs);
        counted.set(key, count);
        this.#remember();
        return count;
      },
    };
  }

  close(): void {
    this.#actions.clear();
  }

  /** The same content in the same call with more credentials than before answers a challenge; else it is said anew. */
  #countedOf({ key, credentials }: RatedAction): Map<string, number> {
    const before = this.#actions.take(key);
    const isSame =
      before !== undefined && credentials > before.credentials && credentials <= MOST_CREDENTIALS;
    const counted = isSame ? before.counted : new Map<string, number>();
    if (before !== undefined && !isSame) this.#counts -= before.counted.size;
    this.#actions.set(key, { credentials, counted });
    return counted;
  }

  /** Many rules that count, times many messages: what is known of each action has one bound. */
  #remember(): void {
    this.#counts += 1;
    if (this.#counts <= this.#limits.counts) return;
    this.#actions.clear();
    this.#counts = 0;
  }

  #add(key: string, overMs: number): number {
    const window = this.#windows.get(key) ?? { last: 0, parts: Array<number>(PARTS + 1).fill(0) };
    this.#windows.delete(key);
    if (this.#windows.size >= this.#limits.keys) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    this.#windows.set(key, window);
    return addTo(window, Math.floor((this.#clock.monotonicMs() * PARTS) / overMs));
  }
}

interface CountedAction {
  readonly credentials: number;
  readonly counted: Map<string, number>;
}

/** Counts of the parts of time, each at its number modulo their count. */
interface Window {
  /** Number of the latest part. */
  last: number;
  readonly parts: number[];
}

function addTo(window: Window, part: number): number {
  const { parts } = window;
  const passed = Math.min(part - window.last, parts.length);
  for (let step = 1; step <= passed; step += 1) parts[(window.last + step) % parts.length] = 0;
  if (passed === parts.length) parts.fill(0);
  window.last = Math.max(part, window.last);
  const place = window.last % parts.length;
  parts[place] = (parts[place] ?? 0) + 1;
  return parts.reduce((sum, count) => sum + count, 0);
}

/** Addresses come from peers and may be long; what is kept of them is not. */
function keyOf({ id, overMs }: RateMeter, value: string): string {
  const subject = value.length > MAX_KEY ? hash("sha256", value, "base64url") : value;
  return `${id}\n${overMs}\n${subject}`;
}

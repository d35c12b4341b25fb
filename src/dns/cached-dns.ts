import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent-map.ts";
import type { DnsAnswer, DnsClient } from "./dns-records.ts";

export interface DnsCacheOptions {
  /** Answers that are remembered. */
  readonly entries: number;
}

/** No longer than this, whatever the name server says: an operator who moves a server waits no day for it. */
const LONGEST_MS = 3_600_000;
const SHORTEST_MS = 1000;
/** That there are no such records (RFC 2308), and that nobody has answered. */
const NONE_MS = 30_000;
const FAILED_MS = 5000;
/** Questions under way at a time; one more fails at once. */
const UNDER_WAY = 256;

/**
 * Remembers answers for as long as they hold, and that there was none for a short while. The same question asked again
 * while it is under way is asked once.
 */
export function cachedDns(client: DnsClient, clock: Clock, options: DnsCacheOptions): DnsClient {
  const known = new RecentMap<{ readonly answer: unknown; readonly expiresAt: number }>(
    options.entries,
  );
  const underWay = new Map<string, Promise<unknown>>();

  async function ask<Record>(
    kind: string,
    name: string,
    put: (name: string) => Promise<DnsAnswer<Record>>,
  ): Promise<DnsAnswer<Record>> {
    const key = `${kind} ${name.toLowerCase()}`;
    const entry = known.get(key);
    // What was stored under a kind is of that kind.
    if (entry !== undefined && entry.expiresAt > clock.monotonicMs()) {
      return entry.answer as DnsAnswer<Record>;
    }
    const running = underWay.get(key);
    if (running !== undefined) return running as Promise<DnsAnswer<Record>>;
    if (underWay.size >= UNDER_WAY) return { kind: "failed", reason: "too many questions" };
    const asked = put(name).then((answer) => {
      underWay.delete(key);
      known.set(key, { answer, expiresAt: clock.monotonicMs() + lifeOf(answer) });
      return answer;
    });
    underWay.set(key, asked);
    return asked;
  }

  return {
    naptr: (name) => ask("naptr", name, (asked) => client.naptr(asked)),
    srv: (name) => ask("srv", name, (asked) => client.srv(asked)),
    a: (name) => ask("a", name, (asked) => client.a(asked)),
    aaaa: (name) => ask("aaaa", name, (asked) => client.aaaa(asked)),
  };
}

function lifeOf(answer: DnsAnswer<unknown>): number {
  switch (answer.kind) {
    case "records":
      return Math.min(Math.max(answer.ttlMs, SHORTEST_MS), LONGEST_MS);
    case "none":
      return NONE_MS;
    case "failed":
      return FAILED_MS;
  }
}

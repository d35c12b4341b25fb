import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import type { UpstreamServer } from "../config/config.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import type { UpstreamTarget } from "../proxy/proxy-options.ts";

/** The servers that one entry of `upstream` means. */
export interface FoundUpstream {
  readonly targets: readonly UpstreamTarget[];
  /** After which it is looked up again; undefined: never. */
  readonly ttlMs: number | undefined;
}

export interface FindDeps {
  readonly locator: ServerLocator;
  /** Asks the system, once; rejects with UPSTREAM_UNKNOWN. */
  readonly askSystem: (server: UpstreamServer) => Promise<UpstreamTarget>;
  /** Does the name stand in /etc/hosts? */
  readonly isLocalName: (host: string) => boolean;
}

/** What name servers do not know and the system does (mDNS, NIS) is asked for again after so long. */
const SYSTEM_TTL_MS = 60_000;

/**
 * Finds the servers of one entry: an address means itself, `localhost` and what stands in /etc/hosts is for the system to
 * know, all else is for the name servers (RFC 3263). Rejects with UPSTREAM_UNKNOWN.
 */
export async function findUpstream(deps: FindDeps, server: UpstreamServer): Promise<FoundUpstream> {
  const { host, transport } = server;
  const bySystem = isIP(host) !== 0 || deps.isLocalName(host);
  if (bySystem || transport === "ws" || transport === "wss") {
    return { targets: [await deps.askSystem(server)], ttlMs: undefined };
  }
  const located = await deps.locator.locate({
    host,
    port: server.portGiven ? server.port : undefined,
    transport: server.transportGiven ? transport : undefined,
    secure: /^sips:/i.test(server.uri),
  });
  if (!located.ok) return { targets: [await deps.askSystem(server)], ttlMs: SYSTEM_TTL_MS };
  const { servers, ttlMs } = located.value;
  return {
    targets: servers.map(({ transport: name, address, port }) => ({
      transport: name,
      host,
      remote: { address, port },
      allowClear: server.allowClear,
    })),
    ttlMs,
  };
}

/** Names in a hosts file (hosts(5)), and `localhost` in any case. */
export function localNames(hostsFile: string): (host: string) => boolean {
  const names = new Set(["localhost"]);
  for (const line of readOrNothing(hostsFile).split("\n")) {
    const [, ...found] = (line.split("#")[0] ?? "").trim().split(/\s+/);
    for (const name of found) names.add(name.toLowerCase());
  }
  return (host) => names.has(host.toLowerCase());
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

export interface FollowDeps {
  readonly clock: Clock;
  readonly find: (server: UpstreamServer) => Promise<FoundUpstream>;
  readonly log: { warn(message: string): void };
  /** Told when other addresses have come; all servers, in the order of the entries. */
  readonly onChange: (targets: readonly UpstreamTarget[]) => void;
}

interface Entry {
  readonly server: UpstreamServer;
  found: FoundUpstream;
}

const SHORTEST_MS = 10_000;
const LONGEST_MS = 300_000;

/** Looks the names up again whenever their time is over. A name that cannot be looked up keeps what it meant before. */
export class UpstreamNames implements Disposable {
  readonly #deps: FollowDeps;
  readonly #entries: readonly Entry[];
  #timer: ScheduledCall | undefined;
  #closed = false;

  private constructor(deps: FollowDeps, entries: readonly Entry[]) {
    this.#deps = deps;
    this.#entries = entries;
    this.#wait();
  }

  /** Looks all of them up; rejects with UPSTREAM_UNKNOWN when one is not known. */
  static async start(deps: FollowDeps, servers: readonly UpstreamServer[]): Promise<UpstreamNames> {
    // On a trunk the same server may stand in several routes.
    const once = new Map(servers.map((server) => [server.uri, server]));
    const entries = await Promise.all(
      Array.from(once.values(), async (server) => ({ server, found: await deps.find(server) })),
    );
    return new UpstreamNames(deps, entries);
  }

  get targets(): readonly UpstreamTarget[] {
    return this.#entries.flatMap(({ found }) => found.targets);
  }

  targetsOf(uri: string): readonly UpstreamTarget[] {
    return this.#entries.find(({ server }) => server.uri === uri)?.found.targets ?? [];
  }

  /** Entries whose servers may be others tomorrow. */
  get followed(): readonly UpstreamServer[] {
    return this.#entries.flatMap(({ server, found }) => (found.ttlMs === undefined ? [] : server));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    const times = this.#entries.flatMap(({ found }) => found.ttlMs ?? []);
    if (times.length === 0 || this.#closed) return;
    const waitMs = Math.min(Math.max(Math.min(...times), SHORTEST_MS), LONGEST_MS);
    this.#timer = this.#deps.clock.schedule(waitMs, () => void this.#lookAgain());
  }

  async #lookAgain(): Promise<void> {
    const before = JSON.stringify(this.targets);
    for (const entry of this.#entries) {
      if (entry.found.ttlMs === undefined) continue;
      try {
        entry.found = await this.#deps.find(entry.server);
      } catch {
        // The servers that were there are better than none; the next look is soon enough for the log.
        entry.found = { ...entry.found, ttlMs: SHORTEST_MS };
      }
    }
    if (!this.#closed && JSON.stringify(this.targets) !== before) {
      const addresses = this.targets.map(({ remote }) => `${remote.address}:${remote.port}`);
      this.#deps.log.warn(`the names of upstream now mean ${addresses.join(" ")}`);
      this.#deps.onChange(this.targets);
    }
    this.#wait();
  }
}

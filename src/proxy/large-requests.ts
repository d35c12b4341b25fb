import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent-map.ts";
import { formatEndpoint } from "../transport/endpoint.ts";
import type { Endpoint } from "../transport/flow.ts";
import type { ProxyLog } from "./proxy-options.ts";
import type { Hop, Target } from "./targets.ts";

/** Servers of which it is remembered whether they take TCP. */
const REMEMBERED = 1000;
/** How long a server that has refused TCP is not asked again. */
const REFUSED_MS = 600_000;

export interface LargeRequestDeps {
  readonly clock: Clock;
  readonly log: ProxyLog;
  /** Opens a connection, or finds the one that is there. */
  readonly open: (hop: Hop) => Target;
  /** The port where a server at this address takes TCP, when the configuration says so. */
  readonly streamPort: (address: string) => number | undefined;
}

interface Known {
  refusedUntilMs: number;
  stream: Target | undefined;
}

/**
 * Requests that would not fit into one packet leave by TCP (RFC 3261 §18.1.1), counted as they leave, our own edits
 * included: a datagram in pieces is lost with its first piece, and many firewalls drop all but that. Where the server takes
 * no TCP they leave by UDP all the same, and the log says so, once for each server.
 *
 * Towards clients nothing changes: they are reached by the flow of their registration and by no other.
 */
export class LargeRequests {
  readonly #deps: LargeRequestDeps;
  readonly #limitBytes: number;
  readonly #servers = new RecentMap<Known>(REMEMBERED);

  constructor(deps: LargeRequestDeps, limitBytes: number) {
    this.#deps = deps;
    this.#limitBytes = limitBytes;
  }

  /** The connection for a request of that size; undefined: it leaves as was meant. */
  streamFor({ face, requestUri }: Target, bytes: number): Target | undefined {
    const { flow, side } = face;
    if (bytes <= this.#limitBytes || flow.transport !== "udp" || side !== "server")
      return undefined;
    // What goes to a contact goes to it by its own way.
    if (requestUri !== undefined) return undefined;
    const { address, port } = flow.remote;
    const peer = formatEndpoint(flow.remote);
    let known = this.#servers.get(peer);
    if (known !== undefined && known.refusedUntilMs > this.#deps.clock.monotonicMs()) {
      return undefined;
    }
    if (known === undefined) {
      known = { refusedUntilMs: 0, stream: undefined };
      this.#servers.set(peer, known);
      const text = "requests too large for a datagram leave by TCP";
      this.#deps.log.warn({ server: peer, bytes, limit: this.#limitBytes }, text);
    }
    const remote = { address, port: this.#deps.streamPort(address) ?? port };
    known.stream = this.#deps.open({ transport: "tcp", remote });
    return known.stream;
  }

  /** The connection that large requests to a server have taken last. */
  lastStreamTo(remote: Endpoint): Target | undefined {
    return this.#servers.get(formatEndpoint(remote))?.stream;
  }

  /** The connection that was to take the place of `target` did not come about, or broke. */
  refused({ face }: Target): void {
    const peer = formatEndpoint(face.flow.remote);
    const known = this.#servers.get(peer);
    if (known === undefined) return;
    if (known.refusedUntilMs === 0) {
      const text = "a server takes no TCP: requests too large for a datagram leave in pieces";
      this.#deps.log.warn({ server: peer, limit: this.#limitBytes }, text);
    }
    known.refusedUntilMs = this.#deps.clock.monotonicMs() + REFUSED_MS;
  }
}

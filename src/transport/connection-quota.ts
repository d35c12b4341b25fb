import ipaddr from "ipaddr.js";
import type { TransportLimits } from "./transport-limits.ts";

/** Counts the connections that peers have opened, over all listeners, and says when there are enough. */
export class ConnectionQuota {
  readonly #limits: TransportLimits;
  readonly #perPeer = new Map<string, number>();
  #total = 0;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  /**
   * Counts one more connection from `address`. Returns what gives the place back (to be called once, when the
   * connection is gone), or `undefined` when there is no place.
   */
  admit(address: string): (() => void) | undefined {
    const peer = peerOf(address);
    const held = this.#perPeer.get(peer) ?? 0;
    if (this.#total >= this.#limits.connections) return undefined;
    if (held >= this.#limits.connectionsPerAddress) return undefined;
    this.#total += 1;
    this.#perPeer.set(peer, held + 1);
    return () => this.#release(peer);
  }

  #release(peer: string): void {
    this.#total -= 1;
    const held = (this.#perPeer.get(peer) ?? 1) - 1;
    if (held === 0) this.#perPeer.delete(peer);
    else this.#perPeer.set(peer, held);
  }
}

/** One peer is one IPv4 address, or one IPv6 /64: that is what a single customer is given. */
export function peerOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts.slice(0, 4).join(":");
}

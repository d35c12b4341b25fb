import { directionOf, type Direction } from "./facts.ts";

/** The operator's domains: what they make of a message, and which addresses they could own. */
export interface Domains {
  directionOf(fromDomain: string, toDomain: string): Direction;
  /**
   * Could user@host be an address of record of ours? With no domains configured nobody knows, so every name could be
   * one; an address of a machine is a device then.
   */
  isOurs(host: string): boolean;
  /** The name by which rules know a host: in lower case, without a dot at its end, a server's as that of our first domain. */
  nameOf(host: string): string;
  /** The first of them, for users of ours whose domain nobody knows; undefined when none is configured. */
  readonly home: string | undefined;
}

/**
 * @param domains As configured, in lower case; subdomains are not implied.
 * @param servers Hosts of the servers behind us: a server delivers `bob@its-own-address` to its own bob, so these are
 *   our domains by another name.
 */
export function createDomains(
  domains: readonly string[],
  servers: readonly string[] = [],
): Domains {
  const known = new Set(domains);
  const aliases = new Set(servers);
  const nameOf = (host: string): string => {
    const name = canonicalHost(host);
    return aliases.has(name) && !known.has(name) ? (domains[0] ?? name) : name;
  };
  return {
    directionOf: (fromDomain, toDomain) =>
      directionOf(nameOf(fromDomain), nameOf(toDomain), domains),
    nameOf,
    home: domains[0],
    isOurs: (host) => (domains.length === 0 ? !ADDRESS.test(host) : known.has(canonicalHost(host))),
  };
}

/** RFC 3261 §25.1 lets a host name end with a dot, which changes nothing (RFC 1034 §3.1). */
function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** IPv4 in dotted numbers, IPv6 in brackets (RFC 3261 §25.1 "host"). */
const ADDRESS = /^(?:[\d.]+|\[.*\])$/;

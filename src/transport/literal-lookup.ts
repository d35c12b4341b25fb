import { isIP } from "node:net";

/**
 * Takes the place of dns.lookup in datagram sockets: a literal address is its own answer, at once; a name is an error.
 * Names are resolved elsewhere, and dns.lookup would wait for a thread of the pool that files are written with.
 */
export function literalLookup(
  hostname: string,
  _options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  const family = isIP(hostname);
  const error = family === 0 ? new Error(`"${hostname}" is not a literal IP address`) : null;
  callback(error, hostname, family);
}

/**
 * IPv4 as IPv4: a listener on all addresses ("::") sees it written as IPv6.
 *
 * @example plainAddress("::ffff:192.0.2.1") // "192.0.2.1"
 */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

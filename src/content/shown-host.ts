import { domainToUnicode } from "node:url";

/**
 * A host as it is shown to people: labels of IDNA (RFC 5890) in their own letters; one that is not well formed is given back
 * as it is.
 *
 * @example shownHost("xn--bcher-kva.example") // "bücher.example"
 */
export function shownHost(host: string): string {
  if (!host.includes("xn--")) return host;
  // "" stands for a host that the platform refuses as a whole
  return domainToUnicode(host) || host;
}

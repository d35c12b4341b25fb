import type { UpstreamTarget } from "./proxy-options.ts";

/** An upstream as a SIP URI, with the address that is meant: for its probes, and for the operator to read. */
export function upstreamName({ transport, remote }: UpstreamTarget): string {
  const host = remote.address.includes(":") ? `[${remote.address}]` : remote.address;
  return `sip:${host}:${remote.port};transport=${transport}`;
}

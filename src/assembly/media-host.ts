import { isIPv4 } from "node:net";
import type { AdvertiseEntry } from "../config/config.ts";
import { isInNetworks, parseNetwork } from "../policy/cidr.ts";
import { isWildcard } from "../transport/endpoint.ts";
import { routeAddress } from "../transport/route-address.ts";

/** Addresses that stand for a peer whose own is not known. */
export interface MediaHostFallback {
  /** Of the first listener. */
  readonly listenAddress: string;
  /** Of the first upstream: a peer that we do not see ourselves is on its side. Undefined: there is none. */
  readonly upstreamAddress: string | undefined;
}

/**
 * The IPv4 address that a peer is told to dial for a file: the first matching `advertise.media`, else the address from
 * which the kernel would reach that peer (or, when its address is not known, the upstream). Undefined when there is none
 * that it could dial: telling it our loopback would only make it wait.
 */
export function createMediaHost(
  entries: readonly AdvertiseEntry[],
  { listenAddress, upstreamAddress }: MediaHostFallback,
): (peerAddress: string | undefined) => string | undefined {
  const named = entries.flatMap(({ net, media }) => {
    const network = net === undefined ? undefined : parseNetwork(net);
    return media === undefined ? [] : [{ media, networks: network && [network] }];
  });
  return (peerAddress) => {
    const entry = named.find(
      ({ networks }) =>
        networks === undefined ||
        (peerAddress !== undefined && isInNetworks(peerAddress, networks)),
    );
    const target = peerAddress ?? upstreamAddress;
    const address =
      entry?.media ??
      (target === undefined ? undefined : routeAddress(target)) ??
      (isWildcard(listenAddress) ? undefined : listenAddress);
    return address !== undefined && isIPv4(address) ? address : undefined;
  };
}

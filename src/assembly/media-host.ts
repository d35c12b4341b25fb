import type { AdvertiseEntry } from "../config/config.ts";
import { isInNetworks, parseNetwork } from "../policy/cidr.ts";
import { isWildcard } from "../transport/endpoint.ts";
import { routeAddress } from "../transport/route-address.ts";

/**
 * The address that a peer is told to dial for a file: the first matching `advertise.media`, else the address from which
 * the kernel would reach that peer, else the first listener's own.
 */
export function createMediaHost(
  entries: readonly AdvertiseEntry[],
  listenAddress: string,
): (peerAddress: string | undefined) => string {
  const named = entries.flatMap(({ net, media }) => {
    const network = net === undefined ? undefined : parseNetwork(net);
    return media === undefined ? [] : [{ media, networks: network && [network] }];
  });
  const fallback = isWildcard(listenAddress) ? "127.0.0.1" : listenAddress;
  return (peerAddress) => {
    const entry = named.find(
      ({ networks }) =>
        networks === undefined ||
        (peerAddress !== undefined && isInNetworks(peerAddress, networks)),
    );
    if (entry !== undefined) return entry.media;
    return (peerAddress === undefined ? undefined : routeAddress(peerAddress)) ?? fallback;
  };
}

import type { AdvertiseEntry } from "../config/config.ts";
import { isInNetworks, parseNetwork, type Network } from "../policy/cidr.ts";
import { isWildcard } from "../transport/endpoint.ts";
import type { Endpoint } from "../transport/flow.ts";
import { RecentMap } from "../base/recent-map.ts";
import { routeAddress } from "../transport/route-address.ts";

/** Peers whose route is remembered. */
const REMEMBERED_ROUTES = 10_000;

/**
 * The host that we name to a peer in Via, Record-Route and Path: the first matching entry of `advertise`, else the
 * listener's own address; for a listener on every address, the one from which the kernel would reach that peer.
 */
export function createAdvertisedHost(
  entries: readonly AdvertiseEntry[],
): (local: Endpoint, peerAddress: string) => string {
  const named = entries.flatMap((entry) =>
    entry.sip === undefined ? [] : [{ host: entry.sip, networks: networksOf(entry.net) }],
  );
  const routes = new RecentMap<string>(REMEMBERED_ROUTES);
  return (local, peerAddress) => {
    const entry = named.find(
      ({ networks }) => networks === undefined || isInNetworks(peerAddress, networks),
    );
    if (entry !== undefined) return entry.host;
    if (!isWildcard(local.address)) return local.address;
    const known = routes.get(peerAddress);
    if (known !== undefined) return known;
    const address = routeAddress(peerAddress) ?? local.address;
    routes.set(peerAddress, address);
    return address;
  };
}

function networksOf(net: string | undefined): readonly Network[] | undefined {
  const network = net === undefined ? undefined : parseNetwork(net);
  return network === undefined ? undefined : [network];
}

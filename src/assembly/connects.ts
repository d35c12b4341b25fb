import type { Connects, ConnectsEntry } from "../config/config.ts";
import { isInNetworks, parseNetwork } from "../policy/cidr.ts";

/** Says for the source address of a peer's SIP who is to connect for a file: the first entry that fits, else auto. */
export function createConnects(
  entries: readonly ConnectsEntry[],
): (peerAddress: string | undefined) => Connects {
  const named = entries.map(({ net, connects }) => {
    const network = net === undefined ? undefined : parseNetwork(net);
    return { connects, networks: network && [network] };
  });
  return (peerAddress) => {
    const entry = named.find(
      ({ networks }) =>
        networks === undefined ||
        (peerAddress !== undefined && isInNetworks(peerAddress, networks)),
    );
    return entry?.connects ?? "auto";
  };
}

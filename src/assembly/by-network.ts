import { isInNetworks, parseNetwork } from "../policy/cidr.ts";

/**
 * What is said of an address by a setting that is a list of networks: the first entry that it lies in counts, one without a network fits
 * every address, and also none.
 *
 * @param valueOf what an entry says
 * @param otherwise where no entry fits
 */
export function byNetwork<E extends { readonly net: string | undefined }, V>(
  entries: readonly E[],
  valueOf: (entry: E) => V,
  otherwise: V,
): (address: string | undefined) => V {
  const parsed = entries.map((entry) => {
    const network = entry.net === undefined ? undefined : parseNetwork(entry.net);
    return { value: valueOf(entry), networks: network && [network] };
  });
  return (address) => {
    const entry = parsed.find(
      ({ networks }) =>
        networks === undefined || (address !== undefined && isInNetworks(address, networks)),
    );
    return entry === undefined ? otherwise : entry.value;
  };
}

import type { TransferSecurityEntry } from "../config/config.ts";
import { isInNetworks, parseNetwork } from "../policy/cidr.ts";

type Level = TransferSecurityEntry["level"];

/**
 * What is asked of transfers whose SIP comes from an address: the first entry that matches; where none does, `as_sip`.
 *
 * @param entries of `relay.msnftp.security`
 */
export function createTransferSecurity(
  entries: readonly TransferSecurityEntry[],
): (sourceAddress: string) => Level {
  const levels = entries.map(({ net, level }) => {
    const network = net === undefined ? undefined : parseNetwork(net);
    return { level, networks: network && [network] };
  });
  return (sourceAddress) =>
    levels.find(({ networks }) => networks === undefined || isInNetworks(sourceAddress, networks))
      ?.level ?? "as_sip";
}

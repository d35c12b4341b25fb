import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { CodedError } from "../base/coded-error.ts";
import type { UpstreamServer } from "../config/config.ts";
import type { UpstreamTarget } from "../proxy/proxy-options.ts";

/** The name of a configured server has no address. */
export class UpstreamUnknown extends CodedError {
  constructor(server: UpstreamServer, cause: unknown) {
    super("UPSTREAM_UNKNOWN", `upstream ${server.uri}: the name ${server.host} has no address`, {
      cause,
    });
  }
}

/**
 * Finds the address of a configured server. Names of the configuration may stand in /etc/hosts, so the system looks
 * them up, once, at the start; names that come from the network never go this way (DESIGN §4). Rejects with
 * UPSTREAM_UNKNOWN.
 */
export async function resolveUpstream(server: UpstreamServer): Promise<UpstreamTarget> {
  const { transport, host, port, allowClear } = server;
  const address = isIP(host) === 0 ? await addressOf(server) : host;
  return { transport, host, remote: { address, port }, allowClear };
}

async function addressOf(server: UpstreamServer): Promise<string> {
  try {
    return (await lookup(server.host)).address;
  } catch (error) {
    throw new UpstreamUnknown(server, error);
  }
}

import { isIPv6, SocketAddress } from "node:net";
import type { Config } from "../config/config.ts";
import type { PlacementOptions, UpstreamTarget } from "../proxy/proxy-options.ts";
import { resolveUpstream } from "./resolve-upstream.ts";

/** The servers that the gateway knows, and where it stands among them. */
export interface ResolvedPlacement {
  readonly upstream: "embedded" | readonly UpstreamTarget[];
  /** Undefined: in front. */
  readonly placement: PlacementOptions | undefined;
}

/** Finds the addresses of all configured servers. Rejects with UPSTREAM_UNKNOWN. */
export async function resolvePlacement(config: Config): Promise<ResolvedPlacement> {
  if (config.upstream.kind === "embedded") return { upstream: "embedded", placement: undefined };
  const resolved = new Map<string, UpstreamTarget>();
  for (const server of config.upstream.servers) {
    resolved.set(server.uri, inOneSpelling(await resolveUpstream(server)));
  }
  const upstream = [...resolved.values()];
  if (config.placement === "in_front") return { upstream, placement: undefined };
  if (config.placement === "beside") return { upstream, placement: { kind: "beside" } };
  const routes = config.routes.map(({ domain, servers }) => ({
    domain,
    servers: servers.flatMap(({ uri }) => resolved.get(uri) ?? []),
  }));
  return { upstream, placement: { kind: "trunk", routes } };
}

/**
 * Further addresses of the server side. Where only servers speak with us, the configured ones are known by their address,
 * whatever port or connection they come from.
 */
export function serverAddresses({ upstream, placement }: ResolvedPlacement): readonly string[] {
  if (placement === undefined || upstream === "embedded") return [];
  return upstream.map(({ remote }) => remote.address);
}

/** As sockets tell it, so that the same address is never spelt in two ways. */
function inOneSpelling(target: UpstreamTarget): UpstreamTarget {
  const { address, port } = target.remote;
  if (!isIPv6(address)) return target;
  const spelt = new SocketAddress({ address, family: "ipv6" }).address;
  return { ...target, remote: { address: spelt, port } };
}

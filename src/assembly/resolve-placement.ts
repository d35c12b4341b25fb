import { isIPv6, SocketAddress } from "node:net";
import type { Config } from "../config/config.ts";
import type { PlacementOptions, UpstreamTarget } from "../proxy/proxy-options.ts";
import type { UpstreamNames } from "./upstream-names.ts";

/** The servers that the gateway knows, and where it stands among them. */
export interface ResolvedPlacement {
  readonly upstream: "embedded" | readonly UpstreamTarget[];
  /** Undefined: in front. */
  readonly placement: PlacementOptions | undefined;
}

/** The configured servers by what their names mean now. */
export function placementOf(config: Config, names: UpstreamNames | undefined): ResolvedPlacement {
  if (names === undefined) return { upstream: "embedded", placement: undefined };
  const upstream = names.targets.map(inOneSpelling);
  if (config.placement === "in_front") return { upstream, placement: undefined };
  if (config.placement === "beside") return { upstream, placement: { kind: "beside" } };
  const routes = config.routes.map(({ domain, servers }) => ({
    domain,
    servers: servers.flatMap(({ uri }) => names.targetsOf(uri).map(inOneSpelling)),
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
export function inOneSpelling(target: UpstreamTarget): UpstreamTarget {
  const { address, port } = target.remote;
  if (!isIPv6(address)) return target;
  const spelt = new SocketAddress({ address, family: "ipv6" }).address;
  return { ...target, remote: { address: spelt, port } };
}

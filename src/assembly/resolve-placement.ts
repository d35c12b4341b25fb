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
  const upstream = names.targets;
  if (config.placement === "in_front") return { upstream, placement: undefined };
  if (config.placement === "beside") return { upstream, placement: { kind: "beside" } };
  const routes = config.routes.map(({ domain, servers }) => ({
    domain,
    servers: servers.flatMap(({ uri }) => names.targetsOf(uri)),
  }));
  return { upstream, placement: { kind: "trunk", routes } };
}

/**
 * Whether an address is one of the server side. Where only servers speak with us, the configured ones are known by their
 * address, whatever port or connection they come from.
 */
export function serverSideOf(
  { upstream, placement }: ResolvedPlacement,
  isNamed: (address: string) => boolean,
): (address: string) => boolean {
  if (placement === undefined || upstream === "embedded") return isNamed;
  const addresses = new Set(upstream.map(({ remote }) => remote.address));
  return (address) => addresses.has(address) || isNamed(address);
}

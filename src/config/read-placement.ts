import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import { asList } from "../policy/vocabulary.ts";
import type { Config, DomainRouteConfig, Upstream, UpstreamServer } from "./config.ts";
import type { ConfigData, UpstreamData } from "./config-schema.ts";
import { HOST_NAME, readCidr, readUpstreamUri } from "./read-addresses.ts";

/** Where the gateway stands, and the servers that it knows there. */
export type PlacementConfig = Pick<Config, "placement" | "routes" | "upstream">;

/**
 * Reads `placement`, `upstream` and `routes`, which go together: on a trunk the servers stand in `routes`, everywhere
 * else in `upstream`.
 */
export function readPlacement(
  data: ConfigData,
  readUpstream: (upstream: NonNullable<ConfigData["upstream"]>) => Upstream,
  sink: ProblemSink,
): PlacementConfig {
  const placement = data.placement ?? "in_front";
  checkKeys(data, placement, sink);
  const routes = readRoutes(data.routes ?? [], sink);
  if (placement === "trunk") {
    return { placement, routes, upstream: { kind: "servers", servers: serversOf(routes) } };
  }
  const upstream =
    data.upstream === undefined
      ? ({ kind: "servers", servers: [] } as const)
      : readUpstream(data.upstream);
  return { placement, routes, upstream };
}

/** What says nothing where the gateway stands is an error: nothing that is written is without effect. */
function checkKeys(data: ConfigData, placement: Config["placement"], sink: ProblemSink): void {
  if (placement !== "trunk") {
    if (data.upstream === undefined) {
      sink.error(
        ["upstream"],
        '"upstream" is missing',
        "expected a list of SIP URIs, or the word embedded",
      );
    }
    if (data.routes !== undefined) {
      sink.error(["routes"], "routes by domain are for placement: trunk");
    }
  } else {
    if (data.routes === undefined) {
      const hint = 'routes: [ { domain: example.com, to: "sip:10.0.0.5" } ]';
      sink.error(["placement"], '"routes" is missing: a trunk knows its servers by domain', hint);
    }
    if (data.upstream !== undefined) {
      sink.error(["upstream"], "on a trunk the servers stand in routes", "take upstream out");
    }
  }
  if (placement === "in_front") return;
  if (placement === "beside" && data.upstream === "embedded") {
    sink.error(["upstream"], "embedded is for placement: in_front: clients must reach it");
  }
  if (typeof data.relay?.msnftp === "object") {
    const message = `file transfers are relayed with placement: in_front alone in this version`;
    sink.error(["relay", "msnftp"], message, "they are refused and recorded: take the key out");
  }
  for (const key of ["upstream_from", "path", "trusted"] as const) {
    if (data[key] === undefined) continue;
    const hint = "there are no clients here: everything arrives at listen, from servers";
    sink.error([key], `${key} means nothing with placement: ${placement}`, hint);
  }
}

function readRoutes(
  data: NonNullable<ConfigData["routes"]>,
  sink: ProblemSink,
): readonly DomainRouteConfig[] {
  const routes: DomainRouteConfig[] = [];
  for (const [index, { domain: written, to }] of data.entries()) {
    const path: RulePath = ["routes", index];
    const domain = written.toLowerCase().replace(/\.$/, "");
    if (!HOST_NAME.test(domain) && !readCidr(domain).ok) {
      sink.error([...path, "domain"], `"${written}" is not a domain`, 'write it as "example.com"');
    } else if (routes.some((route) => route.domain === domain)) {
      sink.error([...path, "domain"], `there is a route to ${domain} already`);
    }
    routes.push({ domain, servers: readServers(to, [...path, "to"], sink) });
  }
  return routes;
}

function readServers(
  to: UpstreamData | readonly UpstreamData[],
  path: RulePath,
  sink: ProblemSink,
): readonly UpstreamServer[] {
  const servers: UpstreamServer[] = [];
  for (const [index, entry] of asList(to).entries()) {
    const { uri, allow_clear: allowClear = false } =
      typeof entry === "string" ? { uri: entry } : entry;
    const server = readUpstreamUri(uri, allowClear);
    if (server.ok) servers.push(server.value);
    else {
      const at = Array.isArray(to) ? [...path, index] : path;
      sink.error(at, server.problem.message, server.problem.hint);
    }
  }
  return servers;
}

/** Each server once, however many domains it serves. */
function serversOf(routes: readonly DomainRouteConfig[]): readonly UpstreamServer[] {
  const byUri = new Map(routes.flatMap((route) => route.servers).map((one) => [one.uri, one]));
  return [...byUri.values()];
}

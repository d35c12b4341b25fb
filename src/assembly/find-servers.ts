import { randomInt } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Config, TransportName } from "../config/config.ts";
import { cachedDns } from "../dns/cached-dns.ts";
import { createNodeDns } from "../dns/node-dns.ts";
import { createServerLocator, type ServerLocator } from "../dns/server-locator.ts";
import { inOneSpelling } from "./resolve-placement.ts";
import { resolveUpstream } from "./resolve-upstream.ts";
import { findUpstream, localNames, UpstreamNames, type FollowDeps } from "./upstream-names.ts";

const HOSTS_FILE = "/etc/hosts";
/** The share of `dns.timeout` for one try: NAPTR, SRV and addresses come one after the other. */
const TRY_SHARE = 0.25;

const random = (): number => randomInt(2 ** 32) / 2 ** 32;

/** Finds the servers that names mean, as `dns` of the configuration says. */
export function createLocator(config: Config, clock: Clock): ServerLocator {
  const { dns, listen, upstreamFrom } = config;
  const { servers, timeoutMs, cacheEntries } = dns;
  const client = createNodeDns({ servers, tryMs: Math.ceil(TRY_SHARE * timeoutMs) });
  const ipv6 = [...listen, ...upstreamFrom].some(({ address }) => address.includes(":"));
  const cached = cachedDns(client, clock, { entries: cacheEntries });
  return createServerLocator(
    { clock, dns: cached, random },
    { timeoutMs, ipv6, tls: speaksTls(config) },
  );
}

/** The servers of `upstream`, followed from now on; undefined with the embedded registrar. */
export async function upstreamNames(
  { upstream, placement }: Config,
  deps: Omit<FollowDeps, "find" | "onChange"> & { readonly locator: ServerLocator },
  onChange: FollowDeps["onChange"],
): Promise<UpstreamNames | undefined> {
  if (upstream.kind === "embedded") return undefined;
  const { locator } = deps;
  const isLocalName = localNames(HOSTS_FILE);
  const find: FollowDeps["find"] = async (server) => {
    const found = await findUpstream({ locator, askSystem: resolveUpstream, isLocalName }, server);
    // Elsewhere than in front, who may speak with us is told by address at the start.
    return placement === "in_front" ? found : { ...found, ttlMs: undefined };
  };
  return UpstreamNames.start(
    { ...deps, find, onChange: (now) => onChange(now.map(inOneSpelling)) },
    upstream.servers,
  );
}

/** By which transports servers are reached, now or when a name means another one: each needs a listener towards them. */
export function serverTransports(
  names: UpstreamNames | undefined,
  config: Config,
): ReadonlySet<TransportName> {
  const transports = new Set<TransportName>(names?.targets.map(({ transport }) => transport));
  for (const { transport, transportGiven } of names?.followed ?? []) {
    transports.add(transport);
    // A sips: URI never means another transport than TLS.
    if (transportGiven || transport === "tls") continue;
    transports.add("udp").add("tcp");
    if (speaksTls(config)) transports.add("tls");
  }
  // Large requests leave by TCP, and their answers may come to where they say that we listen.
  if (transports.has("udp") && config.udpMtuBytes !== undefined) transports.add("tcp");
  return transports;
}

/** Without a certificate of our own there is no TLS. */
function speaksTls({ tls }: Config): boolean {
  return tls.certificates.length > 0;
}

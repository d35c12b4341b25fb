import { networkInterfaces } from "node:os";
import type { Config } from "../config/config.ts";
import { isInNetworks, parseNetwork } from "../policy/cidr.ts";
import type { Account } from "../proxy/digest-credentials.ts";
import type { ProxyOptions } from "../proxy/proxy-options.ts";
import { createAdvertisedHost } from "./advertised-host.ts";
import type { Listeners } from "./open-listeners.ts";
import { serverAddresses, type ResolvedPlacement } from "./resolve-placement.ts";

/** What the configuration says to the proxy, with the listeners as they were opened. */
export function proxyOptions(
  config: Config,
  listeners: Listeners,
  placed: ResolvedPlacement,
): ProxyOptions {
  const { limits } = config;
  return {
    clientListeners: listeners.client,
    serverListeners: listeners.server,
    ownHosts: ownHosts(config),
    advertisedHost: createAdvertisedHost(config.advertise),
    upstream: placed.upstream,
    placement: placed.placement,
    isServerSide: memberOf([...config.serverSide, ...serverAddresses(placed)]),
    isTrusted: memberOf(config.trusted),
    path: config.path,
    answerWithinMs: config.answerWithinMs,
    onFailure: config.onFailure.internalError,
    inFlight: limits.inFlight,
    clientLimits: limits,
    ratePerSource: limits.ratePerSource,
    overloadStatus: limits.overloadCode,
    account: credentialsOf(config),
    upstreamProbe: config.upstreamProbe,
    udpMtuBytes: config.udpMtuBytes,
  };
}

/** What the server's challenges to our own notices are answered with. */
function credentialsOf({ account }: Config): Account | undefined {
  if (account?.password === undefined) return undefined;
  return { user: account.user, password: account.password };
}

function memberOf(networks: readonly string[]): (address: string) => boolean {
  const parsed = networks.flatMap((text) => parseNetwork(text) ?? []);
  return parsed.length === 0 ? () => false : (address) => isInNetworks(address, parsed);
}

/** Names and addresses under which peers may know us, besides those of the listeners. */
function ownHosts(config: Config): readonly string[] {
  const advertised = config.advertise.flatMap((entry) => entry.sip ?? []);
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [...advertised, ...interfaces.map((one) => one.address)];
}

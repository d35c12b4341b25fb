import { hostname } from "node:os";
import type { Config } from "../config/config.ts";
import type { JudgeSettings } from "../judge/judge.ts";
import { createDomains, type Domains } from "../policy/domains.ts";
import { scanFacts } from "../filter/scan-facts.ts";
import { scanOffline } from "../scan/scan-offline.ts";
import type { DryRunSettings } from "./judge-given.ts";
import { readHashes } from "./read-hashes.ts";

/** What the configuration says about judging. */
export function judgeSettings(config: Config): JudgeSettings {
  const { limits, onFailure, scan } = config;
  return {
    inspect: {
      linksPerMessage: limits.linksPerMessage,
      mimeDepth: limits.mimeDepth,
      attachmentBytes: limits.attachmentBytes,
      textBytes: limits.textBytes,
    },
    onParseProblem: onFailure.parseProblem,
    onOpaque: onFailure.opaque,
    onInfected: scan.onInfected,
    onUnscannable: scan.onUnscannable,
    onScanError: scan.onError,
  };
}

/** The same for `sluice try`, which decides as this configuration does, with the builtin engine. Throws when a hash list is gone. */
export function dryRunSettings(config: Config): DryRunSettings {
  const hashes = readHashes(config.scan.hashFiles);
  return {
    ...judgeSettings(config),
    agent: warnAgent(config),
    domains: domainsOf(config),
    scan: (bytes) => scanFacts(scanOffline(bytes, hashes)),
    trace: true,
  };
}

/**
 * For the tests inside rule files: whoever runs them, a check or the gateway itself, gets the same results, so they
 * depend on no setting but the domains.
 */
export function inlineTestSettings(domains: readonly string[]): DryRunSettings {
  return {
    inspect: {
      linksPerMessage: 1000,
      mimeDepth: 10,
      attachmentBytes: 1024 * 1024,
      textBytes: 128 * 1024,
    },
    onParseProblem: "block",
    onOpaque: "block",
    onInfected: "quarantine",
    onUnscannable: "block",
    onScanError: "block",
    agent: "sluice",
    domains: createDomains(domains),
    scan: (bytes) => scanFacts(scanOffline(bytes)),
    trace: false,
  };
}

/** Our domains, and the servers' addresses, under which a server knows its users as well. */
export function domainsOf({ domains, placement, routes, upstream }: Config): Domains {
  // On a trunk the servers of our domains alone, not those at its other end.
  const ours = routes.flatMap(({ domain, servers }) => (domains.includes(domain) ? servers : []));
  const all = upstream.kind === "embedded" ? [] : upstream.servers;
  const servers = placement === "trunk" ? ours : all;
  const hosts = servers.map(({ host }) => (host.includes(":") ? `[${host}]` : host.toLowerCase()));
  return createDomains(domains, hosts);
}

/** Who refuses, in Warning and ms-diagnostics: the advertised host, our first domain, else this machine's name. */
export function warnAgent(config: Config): string {
  const advertised = config.advertise.find((entry) => entry.sip !== undefined)?.sip;
  const name = advertised ?? config.domains[0] ?? hostname();
  return /^[A-Za-z0-9.-]+$/.test(name) ? name : "sluice";
}

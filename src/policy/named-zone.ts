import { isInNetworks, parseNetwork, type Network } from "./cidr.ts";
import type { NamedGroup, NamedZone } from "./condition.ts";
import { lookUpIn, type ListFeed } from "./list-feed.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import type { GroupData, ZoneData } from "./schema.ts";
import { foldAor, foldDomain, isUnderDomain } from "./text-test.ts";

/** Compiles one entry of `zones:`. A link without a host lies in no zone. */
export function compileZone(data: ZoneData, path: RulePath, problems: ProblemSink): NamedZone {
  const hosts = new Set((data.hosts ?? []).map(foldDomain));
  const suffixes = (data.suffixes ?? []).map((suffix) => foldDomain(suffix).replace(/^\./, ""));
  const networks: Network[] = [];
  for (const [index, text] of (data.cidrs ?? []).entries()) {
    const network = parseNetwork(text);
    if (network !== undefined) networks.push(network);
    else {
      const message = `"${text}" is not an address or network`;
      problems.error([...path, "cidrs", index], message, "as in 10.0.0.0/8");
    }
  }
  const singleLabel = data.single_label ?? false;
  return {
    has({ host, isIp }) {
      if (host === undefined || host === "") return false;
      if (hosts.has(host)) return true;
      if (isIp) return isInNetworks(host, networks);
      if (singleLabel && !host.includes(".")) return true;
      return suffixes.some((suffix) => isUnderDomain(host, suffix));
    },
  };
}

/**
 * Compiles one entry of `groups:`.
 *
 * @param source `feed`: what the file of its members holds
 */
export function compileGroup(
  { data, feed }: { readonly data: GroupData; readonly feed: ListFeed | undefined },
  path: RulePath,
  problems: ProblemSink,
): NamedGroup {
  checkKeys(data, path, problems);
  for (const [index, aor] of (data.aors ?? []).entries()) {
    if (!aor.includes("@")) {
      const hint = "write it as sip:user@domain";
      problems.error([...path, "aors", index], `"${aor}" is no address of record`, hint);
    }
  }
  const aors = new Set((data.aors ?? []).map(foldAor));
  const domains = (data.domains ?? []).map((domain) => foldDomain(domain).replace(/^\./, ""));
  const inFile = lookUpIn(feed, false);
  return {
    has(party) {
      const aor = foldAor(party.aor);
      if (aors.has(aor) || inFile(aor)) return true;
      return domains.some((domain) => isUnderDomain(party.domain, domain));
    },
  };
}

function checkKeys(data: GroupData, path: RulePath, problems: ProblemSink): void {
  if (data.members_file !== undefined) return;
  for (const key of ["refresh", "on_missing", "allow_shrink"] as const) {
    if (data[key] === undefined) continue;
    problems.error([...path, key], `"${key}" belongs to groups with a members_file`);
  }
}

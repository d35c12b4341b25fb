import { promises as dns } from "node:dns";
import type { DnsAnswer, DnsClient } from "./dns-records.ts";

export interface NodeDnsOptions {
  /** "10.0.0.53", "10.0.0.53:5353"; empty: the system's. */
  readonly servers: readonly string[];
  /** Of one try; each server is tried twice. */
  readonly tryMs: number;
}

const TRIES = 2;
/** Node does not tell the TTL of SRV and NAPTR records. */
const UNTOLD_TTL_MS = 60_000;
/** The name, or records of that kind, do not exist; everything else is a failure. */
const NONE: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "NOTFOUND", "NODATA"]);

/**
 * The questions asked of name servers over the network, by Node's resolver. Not by dns.lookup: that takes a thread of the
 * pool in which files are written, and /etc/hosts is no business of names that come from the network (DESIGN §4).
 */
export function createNodeDns(options: NodeDnsOptions): DnsClient {
  const resolver = new dns.Resolver({ timeout: options.tryMs, tries: TRIES });
  if (options.servers.length > 0) resolver.setServers(options.servers);
  return {
    naptr: async (name) => answered(resolver.resolveNaptr(name), untold),
    srv: async (name) => answered(resolver.resolveSrv(name), untold),
    a: async (name) => addresses(resolver.resolve4(name, { ttl: true })),
    aaaa: async (name) => addresses(resolver.resolve6(name, { ttl: true })),
  };
}

function untold(): number {
  return UNTOLD_TTL_MS;
}

async function addresses(
  asked: Promise<{ address: string; ttl: number }[]>,
): Promise<DnsAnswer<string>> {
  const answer = await answered(
    asked,
    (records) => 1000 * Math.min(...records.map(({ ttl }) => ttl)),
  );
  if (answer.kind !== "records") return answer;
  return { ...answer, records: answer.records.map(({ address }) => address) };
}

async function answered<Record>(
  asked: Promise<Record[]>,
  ttlMs: (records: readonly Record[]) => number,
): Promise<DnsAnswer<Record>> {
  try {
    const records = await asked;
    if (records.length === 0) return { kind: "none" };
    return { kind: "records", records, ttlMs: ttlMs(records) };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const reason = typeof code === "string" ? code : "unknown";
    return NONE.has(reason) ? { kind: "none" } : { kind: "failed", reason };
  }
}

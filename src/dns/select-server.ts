import { isIP } from "node:net";
import type { NaptrRecord, SrvRecord } from "./dns-records.ts";

/** How a server is to be reached; what else RFC 3263 knows is not spoken towards names. */
export type SipTransport = "udp" | "tcp";

/** What a URI says of the server: its host, and port and transport where they are written. */
export interface ServerName {
  /** A name or a literal address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: SipTransport | undefined;
}

/** What to ask next. */
export type Step =
  /** Nothing: the address is there. */
  | { readonly kind: "literal"; readonly transport: SipTransport; readonly port: number }
  /** A and AAAA. */
  | { readonly kind: "addresses"; readonly transport: SipTransport; readonly port: number }
  /** SRV under one name. */
  | { readonly kind: "srv"; readonly transport: SipTransport; readonly name: string }
  /** NAPTR, then SRV of every transport, then addresses. */
  | { readonly kind: "naptr" };

const DEFAULT_PORT = 5060;

/** RFC 3263 §4.1 and §4.2: where the search begins. */
export function firstStep({ host, port, transport }: ServerName): Step {
  const chosen = transport ?? "udp";
  if (isIP(host) !== 0) return { kind: "literal", transport: chosen, port: port ?? DEFAULT_PORT };
  if (port !== undefined) return { kind: "addresses", transport: chosen, port };
  if (transport !== undefined) return { kind: "srv", transport, name: srvName(transport, host) };
  return { kind: "naptr" };
}

export function srvName(transport: SipTransport, host: string): string {
  return `_sip._${transport}.${host}`;
}

/** The port where no SRV record names one (RFC 3263 §4.2). */
export function withoutSrv(transport: SipTransport | undefined): Step {
  return { kind: "addresses", transport: transport ?? "udp", port: DEFAULT_PORT };
}

const SERVICES: ReadonlyMap<string, SipTransport> = new Map([
  ["sip+d2u", "udp"],
  ["sip+d2t", "tcp"],
]);

/** The SRV names that NAPTR records lead to, in their order (RFC 3263 §4.1); services that we do not speak are passed over. */
export function naptrSteps(records: readonly NaptrRecord[]): readonly (Step & { kind: "srv" })[] {
  const steps: (Step & { kind: "srv" })[] = [];
  for (const record of records.toSorted(byOrder)) {
    const transport = SERVICES.get(record.service.toLowerCase());
    if (transport === undefined || record.flags.toLowerCase() !== "s") continue;
    if (record.replacement !== "") steps.push({ kind: "srv", transport, name: record.replacement });
  }
  return steps;
}

function byOrder(a: NaptrRecord, b: NaptrRecord): number {
  return a.order - b.order || a.preference - b.preference;
}

/**
 * SRV records in the order in which they are tried (RFC 2782): by priority, and by chance within one, a record with
 * twice the weight being first twice as often. A single "." says that the service is not there.
 *
 * @param random from 0 to less than 1
 */
export function orderSrv(
  records: readonly SrvRecord[],
  random: () => number,
): readonly SrvRecord[] {
  const usable = records.filter(({ name, port }) => name !== "" && name !== "." && port > 0);
  const ordered: SrvRecord[] = [];
  const priorities = [...new Set(usable.map(({ priority }) => priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    // Those of weight 0 first, so that they have a small chance at all.
    const left = usable
      .filter((record) => record.priority === priority)
      .sort((a, b) => a.weight - b.weight);
    while (left.length > 0) ordered.push(...left.splice(drawn(left, random), 1));
  }
  return ordered;
}

function drawn(records: readonly SrvRecord[], random: () => number): number {
  const total = records.reduce((sum, { weight }) => sum + weight, 0);
  const point = random() * total;
  let sum = 0;
  const index = records.findIndex(({ weight }) => {
    sum += weight;
    return sum > point;
  });
  return index < 0 ? 0 : index;
}

/** Names that no name server is asked for: RFC 6761, RFC 7118 §5 (".invalid" stands for a client that listens nowhere). */
export function isUnresolvable(host: string): boolean {
  return /(?:^|\.)(?:invalid|localhost)\.?$/i.test(host);
}

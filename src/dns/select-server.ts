import { isIP } from "node:net";
import type { NaptrRecord, SrvRecord } from "./dns-records.ts";

/**
 * How a server is to be reached. Over SCTP nothing is spoken here, and WebSockets are opened by clients alone, so that
 * `SIP+D2W` and `SIPS+D2W` (RFC 7118 §5) lead nowhere.
 */
export type SipTransport = "udp" | "tcp" | "tls";

/** What a URI says of the server: its host, and port and transport where they are written. */
export interface ServerName {
  /** A name or a literal address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: SipTransport | undefined;
  /** It must be TLS (a sips: URI): no record leads to anything else. */
  readonly secure: boolean;
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

type SrvStep = Step & { readonly kind: "srv" };

/** RFC 3261 §19.1.2. */
const DEFAULT_PORTS: Readonly<Record<SipTransport, number>> = { udp: 5060, tcp: 5060, tls: 5061 };

/** RFC 3263 §4.1 and §4.2: where the search begins. */
export function firstStep(name: ServerName): Step {
  const { host, port, transport } = name;
  const chosen = usualTransport(name);
  if (isIP(host) !== 0) {
    return { kind: "literal", transport: chosen, port: port ?? DEFAULT_PORTS[chosen] };
  }
  if (port !== undefined) return { kind: "addresses", transport: chosen, port };
  if (transport !== undefined) return srvStep(chosen, host);
  return { kind: "naptr" };
}

/** The transport where no record says one; a sips: URI knows TLS alone, whatever stands in it. */
function usualTransport({ transport, secure }: ServerName): SipTransport {
  return secure ? "tls" : (transport ?? "udp");
}

function srvStep(transport: SipTransport, host: string): SrvStep {
  const service = transport === "tls" ? "_sips._tcp" : `_sip._${transport}`;
  return { kind: "srv", transport, name: `${service}.${host}` };
}

/** The port where no SRV record names one (RFC 3263 §4.2). */
export function withoutSrv(name: ServerName): Step {
  const transport = usualTransport(name);
  return { kind: "addresses", transport, port: DEFAULT_PORTS[transport] };
}

/** May a record lead to this transport? TLS is for who speaks it, and all that there is for what must be secure. */
export type MayUse = (transport: SipTransport) => boolean;

/** SRV of every transport, for a domain without NAPTR (RFC 3263 §4.1): what is encrypted first. */
export function srvSteps(host: string, mayUse: MayUse): readonly SrvStep[] {
  const transports = (["tls", "udp", "tcp"] as const).filter(mayUse);
  return transports.map((transport) => srvStep(transport, host));
}

const SERVICES: ReadonlyMap<string, SipTransport> = new Map([
  ["sips+d2t", "tls"],
  ["sip+d2u", "udp"],
  ["sip+d2t", "tcp"],
]);

/** The SRV names that NAPTR records lead to, in their order (RFC 3263 §4.1); services that may not be used are passed over. */
export function naptrSteps(records: readonly NaptrRecord[], mayUse: MayUse): readonly SrvStep[] {
  const steps: SrvStep[] = [];
  for (const { service, flags, replacement } of records.toSorted(byOrder)) {
    const transport = SERVICES.get(service.toLowerCase());
    if (transport === undefined || !mayUse(transport) || flags.toLowerCase() !== "s") continue;
    if (replacement !== "") steps.push({ kind: "srv", transport, name: replacement });
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

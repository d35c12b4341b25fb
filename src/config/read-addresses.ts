import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { failed, ok, type Result } from "../base/result.ts";
import type { ListenAddress, TransportName, UpstreamServer } from "./config.ts";

/** What is wrong with an address, and what to write. */
export interface AddressProblem {
  readonly message: string;
  readonly hint: string | undefined;
}

type Read<T> = Result<T, AddressProblem>;

const LISTEN_EXAMPLE = 'write "udp://0.0.0.0:5060", "tcp://[::1]:5060", "tls://0.0.0.0:5061"';

/** What a listener's scheme may be, and its port when none is written (RFC 3261 §19.1.2, RFC 7118 §5). */
const TRANSPORTS: ReadonlyMap<string, { readonly name: TransportName; readonly port: number }> =
  new Map([
    ["udp", { name: "udp", port: 5060 }],
    ["tcp", { name: "tcp", port: 5060 }],
    ["tls", { name: "tls", port: 5061 }],
    ["ws", { name: "ws", port: 80 }],
    ["wss", { name: "wss", port: 443 }],
  ]);

/** Opened by clients alone (RFC 7118 §3): no way to a server. */
const FROM_CLIENTS: ReadonlySet<TransportName> = new Set(["ws", "wss"]);

/** A listener: its scheme is a transport, then a literal address, a port (that of the scheme when left out). */
export function readListenUrl(text: string): Read<ListenAddress> {
  const match = /^([a-z]+):\/\/(\[[^\]]*\]|[^:/[\]]*)(?::(\d{1,6}))?\/?$/i.exec(text);
  if (match === null) return wrong(`"${text}" is not a listener`, LISTEN_EXAMPLE);
  const [, scheme = "", host = "", portText] = match;
  const transport = TRANSPORTS.get(scheme.toLowerCase());
  if (transport === undefined) return wrong(`"${scheme}" is not a transport`, LISTEN_EXAMPLE);
  const address = unbracketed(host);
  if (isIP(address) === 0) {
    return wrong(
      `"${host}" is not an address of this machine`,
      "a listener needs a literal address",
    );
  }
  const port = portText === undefined ? transport.port : Number(portText);
  if (port > 65_535) return wrong(`there is no port ${port}`, "ports end at 65535");
  return ok({ transport: transport.name, address, port });
}

/** A local address towards the server: a listener of a transport that a server can be reached by. */
export function readLocalUrl(text: string): Read<ListenAddress> {
  const read = readListenUrl(text);
  if (!read.ok || !FROM_CLIENTS.has(read.value.transport)) return read;
  return wrong(`no server is reached by ${read.value.transport}: WebSockets are for clients`);
}

const UPSTREAM_EXAMPLE = 'write "sip:10.0.0.5:5070;transport=tcp"';

/**
 * A SIP URI that names a server: no user, no headers; `transport` udp (default), tcp or tls. With sips: it is TLS
 * (RFC 3261 §26.2.2; what else would carry it there does not count).
 */
export function readUpstreamUri(text: string, allowClear: boolean): Read<UpstreamServer> {
  const match =
    /^([a-z]+):([^@;?]*@)?(\[[^\]]*\]|[^:;?@[\]]+)(?::(\d{1,6}))?((?:;[^?]*)?)(\?.*)?$/i.exec(text);
  if (match === null) return wrong(`"${text}" is not a SIP URI`, UPSTREAM_EXAMPLE);
  const [, scheme = "", user, host = "", portText, params = "", headers] = match;
  const secure = scheme.toLowerCase() === "sips";
  if (!secure && scheme.toLowerCase() !== "sip") {
    return wrong(`"${text}" is not a SIP URI`, UPSTREAM_EXAMPLE);
  }
  if (user !== undefined || headers !== undefined) {
    return wrong("this names a user, not a server", UPSTREAM_EXAMPLE);
  }
  const transport = readTransport(params, secure);
  if (!transport.ok) return transport;
  const name = unbracketed(host);
  if (isIP(name) === 0 && !HOST_NAME.test(name)) {
    return wrong(`"${host}" is not a host name or address`, UPSTREAM_EXAMPLE);
  }
  const usual = TRANSPORTS.get(transport.value)?.port;
  const port = portText === undefined ? (usual ?? 5060) : Number(portText);
  if (port < 1 || port > 65_535)
    return wrong(`there is no port ${port}`, "ports go from 1 to 65535");
  return ok({
    uri: text,
    transport: transport.value,
    host: name,
    port,
    portGiven: portText !== undefined,
    transportGiven: /;transport=/i.test(params),
    allowClear,
  });
}

function readTransport(params: string, secure: boolean): Read<TransportName> {
  let transport: string | undefined;
  for (const param of params.split(";").slice(1)) {
    const [name = "", value = ""] = param.split("=");
    if (name.toLowerCase() === "transport") transport = value.toLowerCase();
    else if (name.toLowerCase() !== "lr") {
      return wrong(`the parameter "${name}" means nothing here`, UPSTREAM_EXAMPLE);
    }
  }
  const known = TRANSPORTS.get(transport ?? (secure ? "tls" : "udp"));
  if (known === undefined) return wrong(`"${transport}" is not a transport`, "udp, tcp or tls");
  if (secure && known.name === "udp") return wrong("sips: is TLS, which udp does not carry");
  // RFC 3261 §26.2.2: TLS over TCP, as the grammar of sips: says it.
  if (secure && known.name === "tcp") return ok("tls");
  if (FROM_CLIENTS.has(known.name)) {
    return wrong(`no server is reached by ${known.name}: WebSockets are for clients`);
  }
  return ok(known.name);
}

/** A network "10.0.0.0/8" or a single address, in canonical form. */
export function readCidr(text: string): Read<string> {
  const [address = "", bits, rest] = text.split("/");
  // ipaddr.js also takes 010.1 and 0x7f000001, which other tools read otherwise.
  const family = isIP(address);
  if (family === 0 || rest !== undefined) {
    return wrong(`"${text}" is not a network`, 'write "10.0.0.0/8", "192.0.2.7" or "fd00::/8"');
  }
  const length = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : 999;
  if (prefix > length) return wrong(`"${text}" is not a network`, `the prefix ends at ${length}`);
  const canonical = ipaddr.parse(address).toString();
  return ok(`${canonical}/${prefix}`);
}

/** Whether an address is this machine's own loopback. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && ipaddr.process(address).range() === "loopback";
}

/** A host or domain name of letters, digits, dots and hyphens. */
export const HOST_NAME: RegExp =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

function unbracketed(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

function wrong(message: string, hint?: string): { ok: false; problem: AddressProblem } {
  return failed({ message, hint });
}

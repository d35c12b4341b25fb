import { isWildcard } from "../transport/endpoint.ts";
import type { Endpoint, Flow, TransportName } from "../transport/flow.ts";
import type { ConnectionEnds } from "../transport/protocol-transport.ts";
import type { FlowTokens } from "../location/flow-tokens.ts";
import type { ListenAddress, ProxyOptions, UpstreamTarget } from "./proxy-options.ts";
import { provenText } from "./route.ts";
import type { Side } from "./seams.ts";

/** Which crossing judged the offer of a dialog (DESIGN §4): the one that wrote `own` into its Record-Route entries. */
export type CrossingMark = "own" | "pass";

/** Something that waits for an answer over a flow, and is told when the flow is gone. */
export interface FlowDependent {
  flowLost(): void;
  /** The peer was found dead, and has not answered anything yet. */
  peerSilent(): void;
}

/**
 * How we appear on one flow: on which side it lies, and the texts with our address that go out over it. Made once per
 * flow, so that forwarding a message only joins ready strings.
 */
export class FlowFace {
  readonly flow: Flow;
  readonly side: Side;
  /** "Via: SIP/2.0/TCP 192.0.2.1:5060;branch="; by TLS that we opened "…:5061;alias;branch=". */
  readonly viaHead: string;
  /** "192.0.2.1:5060" */
  readonly sentBy: string;
  /** Client transactions that wait on this connection, or for a server whatever the transport. */
  readonly waiting: Set<FlowDependent> = new Set();
  /** INVITEs that came over this connection, and have no answer yet. */
  readonly asking: Set<{ cancel(): void }> = new Set();
  /** How much the peer has sent: messages, keepalives, and what could not be read. */
  frames = 0;
  /** Of the list of servers by which its side was told. */
  generation = 0;
  readonly #tokens: FlowTokens;

  constructor(flow: Flow, side: Side, sentBy: string, tokens: FlowTokens) {
    this.flow = flow;
    this.side = side;
    this.sentBy = sentBy;
    // RFC 5923 §8.1: the server may send us requests over a connection for which both have shown who they are.
    const alias = flow.outgoing && flow.transport === "tls" ? ";alias" : "";
    this.viaHead = `Via: SIP/2.0/${flow.transport.toUpperCase()} ${sentBy}${alias};branch=`;
    this.#tokens = tokens;
  }

  /** True once the peer has sent something: a connection that was never there loses no request. */
  get heard(): boolean {
    return this.frames > 0;
  }

  /** Something that was sent may have arrived. */
  get reached(): boolean {
    return this.heard || this.flow.established === true;
  }

  /**
   * The Record-Route field that faces this flow, for requests of one Call-ID. An entry that faces a client bears the
   * sealed token of its flow, for a client listens nowhere; one that faces the server bears none. Both bear a proof of
   * the mark, the token and the Call-ID (see route.ts for how they are read again).
   */
  recordRoute(mark: CrossingMark, callId: string, secure = false): string {
    const token = this.side === "client" ? this.token() : "";
    const user = `${token}.${this.#tokens.prove(provenText(mark, token, callId))}`;
    return `Record-Route: <${this.uri(user, secure)};lr;sluice=${mark}>\r\n`;
  }

  /**
   * The URI by which we are reached on the listener of this flow. `secure`: the request is one to a sips: URI, and so
   * must be those in Record-Route and Path (RFC 3261 §16.6 step 4); `transport=tls` then says nothing more (RFC 5630).
   */
  uri(user: string, secure: boolean): string {
    const { encrypted } = this.flow;
    const transport = uriTransport(this.flow);
    if (!secure || !encrypted) return `sip:${user}@${this.sentBy};transport=${transport}`;
    return `sips:${user}@${this.sentBy}${transport === "tls" ? "" : `;transport=${transport}`}`;
  }

  /** The token of this flow, to stand in Path and Record-Route. */
  token(): string {
    return this.#tokens.seal(this.flow);
  }
}

/** Makes and keeps the faces of flows, and knows which addresses are ours. */
export class FlowFaces {
  /** The servers as their names mean them now. */
  #upstreams: readonly UpstreamTarget[];
  /** Counts how often they have changed. */
  #generation = 0;
  readonly #faces = new WeakMap<Flow, FlowFace>();
  readonly #options: ProxyOptions;
  readonly #tokens: FlowTokens;
  readonly #ownHosts: Set<string>;
  readonly #ownPorts: ReadonlySet<number>;
  /** A URI without a port may mean us. */
  readonly #atDefaultPort: boolean;

  constructor(options: ProxyOptions, tokens: FlowTokens) {
    this.#options = options;
    this.#tokens = tokens;
    this.#upstreams = options.upstream === "embedded" ? [] : options.upstream;
    const listeners = [...options.clientListeners, ...options.serverListeners];
    this.#ownPorts = new Set(listeners.map((listener) => listener.port));
    this.#atDefaultPort = listeners.some((l) => l.port === DEFAULT_PORTS[l.transport]);
    const addresses = listeners.map((l) => l.address).filter((address) => !isWildcard(address));
    this.#ownHosts = new Set([...options.ownHosts, ...addresses].map((host) => bareHost(host)));
  }

  of(flow: Flow): FlowFace {
    const known = this.#faces.get(flow);
    if (known !== undefined && this.#stands(known)) return known;
    const side = this.sideOf(flow);
    const at = this.#reachableAt(flow, side);
    const host = this.#options.advertisedHost(at, flow.remote.address);
    this.#ownHosts.add(bareHost(host));
    const face = new FlowFace(flow, side, `${uriHost(host)}:${at.port}`, this.#tokens);
    face.generation = this.#generation;
    this.#faces.set(flow, face);
    return face;
  }

  /** The servers as their names mean them now. */
  get upstreams(): readonly UpstreamTarget[] {
    return this.#upstreams;
  }

  /** The names of the servers mean other addresses now. */
  replaceUpstreams(upstreams: readonly UpstreamTarget[]): void {
    this.#upstreams = upstreams;
    this.#generation += 1;
  }

  /** A peer that was a client may be a server now; one that was a server stays it on the flows that there are. */
  #stands(face: FlowFace): boolean {
    if (face.generation === this.#generation) return true;
    if (face.side === "client" && this.sideOf(face.flow) === "server") return false;
    face.generation = this.#generation;
    return true;
  }

  /** The face of a flow that was used before. */
  known(flow: Flow): FlowFace | undefined {
    return this.#faces.get(flow);
  }

  /** Is this one of our own listeners, by any of its names? A missing port means the one of the transport. */
  readonly isOwn = (host: string, port: number | undefined): boolean =>
    (port === undefined ? this.#atDefaultPort : this.#ownPorts.has(port)) &&
    this.#ownHosts.has(bareHost(host));

  /**
   * DESIGN §4 "Sides and routing": a connection that we opened to an upstream, what arrives at `upstream_from` from the
   * address of an upstream, and addresses of `server_side` are the server's; all else is a client's.
   */
  sideOf(flow: ConnectionEnds): Side {
    const options = this.#options;
    // WebSockets are opened by clients alone, whatever address they come from: a reverse proxy's may be the server's.
    if (options.upstream === "embedded" || isWebSocket(flow)) return "client";
    if (options.isServerSide(flow.remote.address)) return "server";
    if (flow.outgoing) return this.isUpstream(flow.transport, flow.remote) ? "server" : "client";
    const known = this.#upstreams.some(({ remote }) => remote.address === flow.remote.address);
    return known && options.serverListeners.some((l) => isAt(l, flow)) ? "server" : "client";
  }

  /** A server that is reached by UDP is the same one by TCP at the same port (RFC 3261 §18.1.1). */
  isUpstream(transport: TransportName, remote: Endpoint): boolean {
    return this.upstreamAt(transport, remote) !== undefined;
  }

  upstreamAt(transport: TransportName, remote: Endpoint): UpstreamTarget | undefined {
    return this.#upstreams.find(
      (target) =>
        (target.transport === transport || (target.transport === "udp" && transport === "tcp")) &&
        target.remote.port === remote.port &&
        target.remote.address === remote.address,
    );
  }

  /** The listener of a side through which a peer of that transport and address family is reached. */
  listener(side: Side, transport: TransportName, address: string): ListenAddress | undefined {
    const { serverListeners, clientListeners } = this.#options;
    const listeners = side === "server" ? serverListeners : clientListeners;
    const ipv6 = address.includes(":");
    return listeners.find((l) => l.transport === transport && l.address.includes(":") === ipv6);
  }

  /** Where new requests reach us: a connection that we opened has a port of its own, but nobody listens there. */
  #reachableAt(flow: Flow, side: Side): Endpoint {
    if (!flow.outgoing) return flow.local;
    const listener = this.listener(side, flow.transport, flow.remote.address);
    if (listener === undefined) return flow.local;
    const address = isWildcard(listener.address) ? flow.local.address : listener.address;
    return { address, port: listener.port };
  }
}

/** RFC 3261 §19.1.2, RFC 7118 §5.2. */
export const DEFAULT_PORTS: Readonly<Record<TransportName, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

/** The transport parameter of a SIP URI: RFC 7118 §5.2.2 defines `ws` alone, for either kind of WebSocket. */
function uriTransport({ transport }: Flow): string {
  return transport === "wss" ? "ws" : transport;
}

/** Does the flow run over a WebSocket (RFC 7118)? */
export function isWebSocket({ transport }: Pick<Flow, "transport">): boolean {
  return transport === "ws" || transport === "wss";
}

function isAt(listener: ListenAddress, flow: ConnectionEnds): boolean {
  return (
    listener.transport === flow.transport &&
    listener.port === flow.local.port &&
    (listener.address === flow.local.address || isWildcard(listener.address))
  );
}

/** A host for comparing: lower case, IPv6 without brackets. */
export function bareHost(host: string): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return bare.toLowerCase();
}

function uriHost(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

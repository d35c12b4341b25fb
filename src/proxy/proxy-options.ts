import type { Clock } from "../base/clock.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import type { EmbeddedRegistrar } from "../location/embedded-registrar.ts";
import type { ContactAliases } from "../location/contact-aliases.ts";
import type { FlowTokens } from "../location/flow-tokens.ts";
import type { Registrations } from "../location/registrations.ts";
import type { Endpoint, Flow, TransportName } from "../transport/flow.ts";
import type { SipLimits } from "../wire/sip/parse-message.ts";
import type { Account } from "./digest-credentials.ts";
import type { OverloadStatus } from "./reply.ts";
import type { Seams } from "./seams.ts";
import type { Rate } from "./source-rates.ts";
import type { UpstreamChange } from "./upstream-watch.ts";

/** The capabilities that the proxy is built from. */
export interface ProxyDeps {
  readonly clock: Clock;
  readonly transport: FlowOpener;
  readonly seams: Seams;
  readonly flowTokens: FlowTokens;
  readonly contactAliases: ContactAliases;
  readonly registrations: Registrations;
  /** Asked only with `upstream: embedded`. */
  readonly registrar?: EmbeddedRegistrar;
  /** Looks up the names that the server side sends requests to (RFC 3263). */
  readonly locator?: ServerLocator;
  readonly log: ProxyLog;
  /** Told whenever an upstream comes or goes. */
  readonly onUpstream?: (change: UpstreamChange) => void;
}

/** What the proxy needs of the transport: ways to peers, new ones and those that are there. */
export interface FlowOpener {
  connect(target: {
    readonly transport: TransportName;
    readonly remote: Endpoint;
    readonly local?: Endpoint;
    /** TLS: the host that the peer's certificate must name; its address when left out. */
    readonly name?: string;
  }): Flow;
  flowById(id: string): Flow | undefined;
  /** The peer that has opened this connection listens at that port and takes requests over it (RFC 5923); left out: none do. */
  alias?(flow: Flow, port: number): void;
}

/** The operator's log, as far as the proxy writes to it; never a message body. */
export interface ProxyLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A socket that we listen on, with the port that it really got. */
export interface ListenAddress {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
}

/** A next hop; `host` is what the operator wrote, `remote` what it was resolved to at the start. */
export interface UpstreamTarget {
  readonly transport: TransportName;
  readonly remote: Endpoint;
  readonly host: string;
  /** What came in by TLS may go on to this server, or from this server, in clear. */
  readonly allowClear?: boolean;
}

/** How upstreams are watched (upstream-watch.ts). */
export interface UpstreamProbe {
  readonly intervalMs: number;
  /** How long one OPTIONS waits for its answer. */
  readonly timeoutMs: number;
  /** In a row, until an upstream counts as gone. */
  readonly failures: number;
  /** In a row, until it counts as back. */
  readonly successes: number;
}

/** Where else than in front of a server the gateway may stand (placement.ts). */
export type PlacementOptions =
  | { readonly kind: "beside" }
  | { readonly kind: "trunk"; readonly routes: readonly DomainRoute[] };

/** Who serves a domain: lower case, no dot at the end; servers in failover order. */
export interface DomainRoute {
  readonly domain: string;
  readonly servers: readonly UpstreamTarget[];
}

/** Plain settings (DESIGN §6); every name is an operator's choice. */
export interface ProxyOptions {
  readonly clientListeners: readonly ListenAddress[];
  /** `upstream_from`: where the server side reaches us. */
  readonly serverListeners: readonly ListenAddress[];
  /** Further hosts (names, addresses) that mean this gateway in a Route or Request-URI, with a port of a listener. */
  readonly ownHosts: readonly string[];
  /** The host that stands in Via, Record-Route and Path towards a peer (`advertise`); literals without brackets. */
  readonly advertisedHost: (local: Endpoint, peerAddress: string) => string;
  readonly upstream: "embedded" | readonly UpstreamTarget[];
  /** Left out: in front of `upstream`. `isServerSide` then knows the addresses of all servers. */
  readonly placement?: PlacementOptions | undefined;
  /** `server_side`: is this address one of the server's? */
  readonly isServerSide: (address: string) => boolean;
  /** `trusted`: does this client's P-Asserted-Identity stand? */
  readonly isTrusted: (address: string) => boolean;
  /** `never`: contact aliases instead (contact-alias.ts), as for a server that has refused a Path. */
  readonly path: "always" | "supported" | "never";
  readonly answerWithinMs: number;
  /** `on_failure.internal_error`: what becomes of a request when the filter throws, rejects or hangs. */
  readonly onFailure: "block" | "allow";
  /** Unfinished transactions at most. */
  readonly inFlight: number;
  /** Bytes of their requests at most; default 256 MiB. */
  readonly inFlightBytes?: number;
  /** `limits.headers`, `header_count` and `body`, as they hold for clients; undefined: those of the transport. */
  readonly clientLimits?: SipLimits | undefined;
  /** `limits.rate_per_source`; undefined: no rate. */
  readonly ratePerSource?: Rate | undefined;
  /** `limits.overload_code`: what new work is answered with while there is too much; default 503. */
  readonly overloadStatus?: OverloadStatus;
  /** `upstream_probe`; undefined: off. */
  readonly upstreamProbe?: UpstreamProbe | undefined;
  /** `udp_mtu`: requests to a server that are larger leave by TCP; undefined: off. */
  readonly udpMtuBytes?: number | undefined;
  /** Answers the upstream's Digest challenges to requests of our own; undefined: they are not answered. */
  readonly account?: Account | undefined;
}

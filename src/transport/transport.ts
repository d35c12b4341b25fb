import type { Clock } from "../base/clock.ts";
import { createTimerWheel } from "../base/timer-wheel.ts";
import { ConnectionQuota } from "./connection-quota.ts";
import type { Endpoint, Flow, TransportName } from "./flow.ts";
import type { KeepAliveBytes } from "./keep-alive.ts";
import type {
  ConnectionEnds,
  ProtocolContext,
  ProtocolTransport,
  StreamFramer,
  TransportHandler,
} from "./protocol-transport.ts";
import { ReceiveRoom } from "./receive-room.ts";
import { createTcpTransport } from "./tcp-transport.ts";
import type { TlsContexts } from "./tls-contexts.ts";
import { createTlsTransport } from "./tls-transport.ts";
import { createTransportCounters, type TransportCounters } from "./transport-counters.ts";
import type { TransportLimits } from "./transport-limits.ts";
import { createUnreachableFlow } from "./unreachable-flow.ts";
import { createUdpTransport } from "./udp-transport.ts";
import { createWssTransport, createWsTransport, type WebSocketMeans } from "./ws-transport.ts";

/**
 * All SIP sockets of the process: listeners, connections in both directions, and the limits that keep a hostile peer
 * from costing the others anything (HARDENING D1, F9, F12).
 *
 * It moves bytes and knows no SIP: the framer and the datagram reader are handed in. It resolves no names, retries
 * nothing and decides no routes. A new protocol is one more ProtocolTransport in the table below.
 */
export interface Transport extends AsyncDisposable {
  /**
   * Listens and returns the real address and port (port 0 takes a free one). Rejects with CodedError LISTEN_FAILED,
   * whose message names the address.
   */
  listen(spec: ListenSpec): Promise<Endpoint>;
  /**
   * The flow to a peer, never throwing; one by a transport that is not set up fails. UDP: from the listening socket at `local` (or one bound to every address at
   * that port). TCP, TLS: the pooled connection from that local address, else one that the peer has opened (`alias`), else a
   * new one; what is sent meanwhile waits, up to the send buffer. A connection that fails reports CONNECT_FAILED and `onClose`.
   */
  connect(target: ConnectTarget): Flow;
  /**
   * The peer that has opened this connection listens at that port of its address, and takes requests over the connection
   * (RFC 5923): `connect` may give it instead of opening another one. Only to a peer that is believed: by TLS one whose
   * certificate was verified and bears the name that is wanted, by TCP a server; and never from one side to the other.
   */
  alias(flow: Flow, port: number): void;
  /** The flow with that id: a UDP flow whenever its socket is there, a connection only as long as it lives. */
  flowById(id: string): Flow | undefined;
  /** Connections, and the UDP peers that are remembered. */
  flows(): Iterable<Flow>;
  /** For draining: accepts no more connections; those that exist, and the UDP sockets, go on. */
  stopListening(): Promise<void>;
  /** Live numbers, for the metrics. */
  readonly counters: Readonly<TransportCounters>;
}

/** Where to listen; `address` is literal. */
interface ListenSpec {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
}

/** Where a flow shall lead; the port of `local` counts for UDP only, connections take a free one. */
interface ConnectTarget {
  readonly transport: TransportName;
  readonly remote: Endpoint;
  readonly local?: Endpoint;
  /** TLS: the host that the peer's certificate must name; its address when left out. */
  readonly name?: string;
}

/** What the transport is built from. */
export interface TransportDeps<Frame> {
  readonly clock: Clock;
  createFramer(): StreamFramer<Frame>;
  readDatagram(bytes: Buffer): Frame;
  readonly webSocket: WebSocketMeans<Frame>;
  readonly handler: TransportHandler<Frame>;
  /** Without them there is no TLS. */
  readonly tls?: TlsContexts | undefined;
  /** Is it a server that has connected? Left out: none is. */
  isServer?(connection: ConnectionEnds): boolean;
  /** For connections that we opened; left out: they are not pinged. */
  readonly keepAlive?: KeepAliveBytes;
}

/** Resolution of the time limits. */
const TICK_MS = 100;

/** Builds the transport; nothing is open until `listen` or `connect`. */
export function createTransport<Frame>(
  deps: TransportDeps<Frame>,
  limits: TransportLimits,
): Transport {
  const counters = createTransportCounters();
  const context: ProtocolContext<Frame> = {
    clock: deps.clock,
    wheel: createTimerWheel(deps.clock, TICK_MS),
    limits,
    counters,
    quota: new ConnectionQuota(limits),
    room: new ReceiveRoom(limits, counters),
    isServer: (connection) => deps.isServer?.(connection) ?? false,
    handler: deps.handler,
    keepAlive: deps.keepAlive,
  };
  const protocols = new Map<TransportName, ProtocolTransport>([
    ["udp", createUdpTransport(context, (bytes) => deps.readDatagram(bytes))],
    ["tcp", createTcpTransport(context, () => deps.createFramer())],
    ["ws", createWsTransport(context, deps.webSocket)],
  ]);
  if (deps.tls !== undefined) {
    protocols.set(
      "tls",
      createTlsTransport(context, () => deps.createFramer(), deps.tls),
    );
    protocols.set("wss", createWssTransport(context, deps.webSocket, deps.tls));
  }
  const all = [...protocols];
  const protocolOf = (name: TransportName): ProtocolTransport => {
    const protocol = protocols.get(name);
    if (protocol === undefined) throw new Error(`there is no transport ${name}`);
    return protocol;
  };

  return {
    counters,
    listen: (spec) => protocolOf(spec.transport).listen(spec),
    connect(target) {
      const { transport, remote, local, name } = target;
      const protocol = protocols.get(transport);
      if (protocol !== undefined) return protocol.connect(remote, local, name);
      return createUnreachableFlow(context, { transport, remote, local }, "not set up here");
    },
    alias: (flow, port) => protocols.get(flow.transport)?.alias?.(flow, port),
    flowById(id) {
      const protocol = all.find(([name]) => id.startsWith(`${name}/`));
      return protocol?.[1].flowById(id);
    },
    *flows() {
      for (const [, protocol] of all) yield* protocol.flows();
    },
    async stopListening() {
      for (const [, protocol] of all) protocol.stopListening();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map(([, protocol]) => protocol[Symbol.asyncDispose]()));
    },
  };
}

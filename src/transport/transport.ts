import type { Clock } from "../base/clock.ts";
import { createTimerWheel } from "../base/timer-wheel.ts";
import { ConnectionQuota } from "./connection-quota.ts";
import type { Endpoint, Flow, TransportName } from "./flow.ts";
import type {
  ProtocolContext,
  ProtocolTransport,
  StreamFramer,
  TransportHandler,
} from "./protocol-transport.ts";
import { createTcpTransport } from "./tcp-transport.ts";
import { createTransportCounters, type TransportCounters } from "./transport-counters.ts";
import type { TransportLimits } from "./transport-limits.ts";
import { startTcpListener } from "./tcp-listener.ts";
import { createUdpTransport } from "./udp-transport.ts";
import type { ReadMessage } from "./ws-connection.ts";
import { createWsTransport, type WsTransportOptions } from "./ws-transport.ts";

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
   * The flow to a peer, never throwing. UDP: from the listening socket at `local` (or one bound to every address at
   * that port). TCP: the pooled connection from that local address, opened when there is none; what is sent meanwhile
   * waits, up to the send buffer. A connection that fails reports CONNECT_FAILED and `onClose`.
   */
  connect(target: ConnectTarget): Flow;
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

/** Where a flow shall lead; the port of `local` counts for UDP only, TCP takes a free one. */
interface ConnectTarget {
  readonly transport: TransportName;
  readonly remote: Endpoint;
  readonly local?: Endpoint;
}

/** What the transport is built from. */
export interface TransportDeps<Frame> {
  readonly clock: Clock;
  createFramer(): StreamFramer<Frame>;
  readDatagram(bytes: Buffer): Frame;
  readonly webSocket: WebSocketMeans<Frame>;
  readonly handler: TransportHandler<Frame>;
}

/** What WebSockets need besides. */
export interface WebSocketMeans<Frame> {
  readonly readMessage: ReadMessage<Frame>;
  /** Whose pages may connect (RFC 6454 origins, lower case); empty: any. */
  readonly origins: readonly string[];
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
    handler: deps.handler,
  };
  const protocols: ReadonlyMap<TransportName, ProtocolTransport> = new Map([
    ["udp", createUdpTransport(context, (bytes) => deps.readDatagram(bytes))],
    ["tcp", createTcpTransport(context, () => deps.createFramer())],
    ["ws", createWsTransport(context, webSocketOptions(context, deps.webSocket))],
  ]);
  const all = [...protocols];
  const protocolOf = (name: TransportName): ProtocolTransport => {
    const protocol = protocols.get(name);
    if (protocol === undefined) throw new Error(`there is no transport ${name}`);
    return protocol;
  };

  return {
    counters,
    listen: (spec) => protocolOf(spec.transport).listen(spec),
    connect: (target) => protocolOf(target.transport).connect(target.remote, target.local),
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

function webSocketOptions<Frame>(
  context: ProtocolContext<Frame>,
  { readMessage, origins }: WebSocketMeans<Frame>,
): WsTransportOptions<Frame> {
  return {
    name: "ws",
    startListener: (endpoint, onConnection) =>
      startTcpListener(context, endpoint, onConnection, "ws"),
    readMessage,
    origins: new Set(origins),
  };
}

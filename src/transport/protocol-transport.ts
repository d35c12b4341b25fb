import type { CodedError } from "../base/coded-error.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { ConnectionQuota } from "./connection-quota.ts";
import type { Endpoint, Flow } from "./flow.ts";
import type { KeepAliveBytes } from "./keep-alive.ts";
import type { ReceiveRoom } from "./receive-room.ts";
import type { TransportCounters } from "./transport-counters.ts";
import type { TransportLimits } from "./transport-limits.ts";

/** Cuts a stream of bytes into frames (messages, keepalives, problems); it is handed in, so that MSRP can share the sockets. */
export interface StreamFramer<Frame> {
  push(chunk: Buffer): readonly Frame[];
  readonly bufferedBytes: number;
  /** True when a message has begun and not ended. */
  readonly midMessage: boolean;
}

/** Who takes the frames. Every call comes from the event loop, never from within `send`, `close` or `connect`. */
export interface TransportHandler<Frame> {
  onFrame(flow: Flow, frame: Frame): void;
  /** Exactly once for every connection, opened or not, and for a UDP flow that there is no socket for. */
  onClose(flow: Flow): void;
  /** Broken machinery; `flow` when one flow is concerned. */
  onError(flow: Flow | undefined, error: CodedError): void;
}

/** Where a connection comes from and where it has arrived. */
export type ConnectionEnds = Pick<Flow, "transport" | "local" | "remote" | "outgoing">;

/** What every protocol's transport is built from. */
export interface ProtocolContext<Frame> {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: TransportLimits;
  readonly counters: TransportCounters;
  readonly quota: ConnectionQuota;
  readonly room: ReceiveRoom;
  /** Is it a server that has connected? What bounds clients does not bound it. */
  isServer(connection: ConnectionEnds): boolean;
  readonly handler: TransportHandler<Frame>;
  /** Undefined: connections that we opened are not pinged. */
  readonly keepAlive: KeepAliveBytes | undefined;
}

/** One way to carry messages (UDP, TCP, …): what `createTransport` composes, one file for each. */
export interface ProtocolTransport extends AsyncDisposable {
  /** Listens; port 0 takes any free one. Rejects with CodedError LISTEN_FAILED. */
  listen(endpoint: Endpoint): Promise<Endpoint>;
  /**
   * The flow to `remote` from `local`; never throws, a flow that cannot be had is closed and says so. `name`: what the
   * peer's certificate must say (its address when left out), where certificates are asked for.
   */
  connect(remote: Endpoint, local: Endpoint | undefined, name?: string): Flow;
  flowById(id: string): Flow | undefined;
  /** See Transport; left out where nothing is ever re-used. */
  alias?(flow: Flow, port: number): void;
  flows(): Iterable<Flow>;
  /** Accepts nothing new, keeps what is there. */
  stopListening(): void;
}

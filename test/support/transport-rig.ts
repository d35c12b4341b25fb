import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { CodedError } from "../../src/base/coded-error.ts";
import type { Flow } from "../../src/transport/flow.ts";
import type { KeepAliveBytes } from "../../src/transport/keep-alive.ts";
import type { ConnectionEnds, StreamFramer } from "../../src/transport/protocol-transport.ts";
import { createTlsContexts, type TlsSettings } from "../../src/transport/tls-contexts.ts";
import { createTransport, type Transport } from "../../src/transport/transport.ts";
import {
  DEFAULT_TRANSPORT_LIMITS,
  type TransportLimits,
} from "../../src/transport/transport-limits.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";

/** A transport whose frames are lines, on a manual clock, with a record of everything that it reported. */
export interface TransportRig extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly transport: Transport;
  readonly frames: { readonly flow: Flow; readonly text: string }[];
  readonly closed: Flow[];
  readonly errors: {
    readonly flow: Flow | undefined;
    readonly code: string;
    readonly message: string;
  }[];
  /** Called with every frame after it is recorded. */
  onFrame: (flow: Flow, text: string) => void;
  texts(): string[];
  /** Lets the event loop turn until `condition` holds. */
  until(condition: () => boolean): Promise<void>;
}

/** What a rig has besides TCP and UDP in clear. */
export interface RigExtras {
  /** Connections that we opened are pinged with these. */
  readonly keepAlive?: KeepAliveBytes;
  /** Servers connect from this address. */
  readonly server?: string;
  /** Or so: who is a server. */
  readonly isServer?: (connection: ConnectionEnds) => boolean;
  /** Of pages that may connect by WebSocket. */
  readonly origins?: readonly string[];
}

/** Builds the rig; `limits` override the defaults, with `tls` there is TLS. */
export function createTransportRig(
  limits: Partial<TransportLimits> = {},
  tls?: TlsSettings,
  { keepAlive, server, isServer, origins = [] }: RigExtras = {},
): TransportRig {
  const clock = createManualClock();
  const onError = (flow: Flow | undefined, { code, message }: CodedError): void =>
    void rig.errors.push({ flow, code, message });
  const contexts =
    tls && createTlsContexts({ clock, onError: (error) => onError(undefined, error) }, tls);
  const rig: Omit<TransportRig, "transport" | typeof Symbol.asyncDispose> = {
    clock,
    frames: [],
    closed: [],
    errors: [],
    onFrame: () => undefined,
    texts: () => rig.frames.map((frame) => frame.text),
    until,
  };
  const transport = createTransport<string>(
    {
      clock,
      createFramer: createLineFramer,
      readDatagram: (bytes) => bytes.toString("latin1"),
      ...(keepAlive === undefined ? {} : { keepAlive }),
      isServer: isServer ?? (({ remote }) => remote.address === server),
      webSocket: { readMessage: (bytes) => bytes.toString("latin1"), origins },
      handler: {
        onFrame(flow, text) {
          rig.frames.push({ flow, text });
          rig.onFrame(flow, text);
        },
        onClose: (flow) => void rig.closed.push(flow),
        onError,
      },
      tls: contexts,
    },
    { ...DEFAULT_TRANSPORT_LIMITS, ...limits },
  );
  return Object.assign(rig, {
    transport,
    async [Symbol.asyncDispose]() {
      contexts?.[Symbol.dispose]();
      await transport[Symbol.asyncDispose]();
    },
  });
}

/** Lets the event loop turn until `condition` holds; the test's own time-out is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** A peer on a TCP connection of its own. */
export interface TcpPeer extends Disposable {
  readonly socket: Socket;
  readonly received: string;
  readonly ended: boolean;
}

/** Connects to a port of 127.0.0.1, from `localAddress` when it is given. */
export async function connectTcpPeer(port: number, localAddress?: string): Promise<TcpPeer> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  let received = "";
  let ended = false;
  let connected = false;
  socket.on("connect", () => (connected = true));
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("error", () => (ended = true));
  socket.on("close", () => (ended = true));
  await until(() => connected || ended);
  return {
    socket,
    get received() {
      return received;
    },
    get ended() {
      return ended;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Frames are lines; a line that has begun and not ended is a message in the middle. */
function createLineFramer(): StreamFramer<string> {
  let rest = "";
  return {
    push(chunk) {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      return lines;
    },
    get bufferedBytes() {
      return rest.length;
    },
    get midMessage() {
      return rest.length > 0;
    },
  };
}

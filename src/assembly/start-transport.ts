import type { Clock } from "../base/clock.ts";
import type { CodedError } from "../base/coded-error.ts";
import type { Config } from "../config/config.ts";
import { createTlsContexts, type TlsContexts } from "../transport/tls-contexts.ts";
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimits } from "../transport/transport-limits.ts";
import type { Flow } from "../transport/flow.ts";
import type { ConnectionEnds } from "../transport/protocol-transport.ts";
import { createTransport, type Transport } from "../transport/transport.ts";
import { createSipFramer, type SipFrame } from "../wire/sip/framer.ts";
import { parseDatagram, type SipLimits } from "../wire/sip/parse-message.ts";
import { readWebSocketMessage } from "../wire/sip/read-websocket-message.ts";

/** RFC 5626 §3.5.1. */
const CRLF_KEEPALIVE = { ping: Buffer.from("\r\n\r\n"), pong: Buffer.from("\r\n") };

/** How much larger than a client may send it a message may be on the wire. */
const HEAD_ROOM = 4;
const BODY_ROOM = 1.25;

export interface TransportPartsDeps {
  readonly clock: Clock;
  readonly log: {
    info(message: string, details?: Readonly<Record<string, unknown>>): void;
    warn(message: string, details?: Readonly<Record<string, unknown>>): void;
    error(message: string, details?: Readonly<Record<string, unknown>>): void;
  };
  readonly onFrame: (flow: Flow, frame: SipFrame) => void;
  readonly onClose: (flow: Flow) => void;
  /** Has it come from a server? */
  readonly isServer: (connection: ConnectionEnds) => boolean;
}

/** All SIP sockets, none of them open yet, and the certificates that they show. */
export interface TransportParts {
  readonly transport: Transport;
  /** Undefined: there is no certificate, and so no TLS. */
  readonly tls: TlsContexts | undefined;
}

/** Builds the transport with the codec and the limits of the configuration. Throws TLS_FILES_BROKEN. */
export function startTransport(deps: TransportPartsDeps, config: Config): TransportParts {
  const { clock, log, onFrame, onClose, isServer } = deps;
  const limits = sipLimits(config);
  const tls = tlsContexts(deps, config);
  const transport = createTransport<SipFrame>(
    {
      clock,
      createFramer: () => createSipFramer(limits),
      readDatagram: (bytes) => readDatagram(bytes, limits),
      webSocket: {
        readMessage: (bytes) => readWebSocketMessage(bytes, limits),
        origins: config.webSocket.origins,
      },
      tls,
      keepAlive: CRLF_KEEPALIVE,
      isServer: (connection) => isServer(connection),
      handler: {
        onFrame,
        onClose,
        onError: (flow: Flow | undefined, error: CodedError) =>
          log.warn(error.message, { code: error.code, flow: flow?.id }),
      },
    },
    { ...DEFAULT_TRANSPORT_LIMITS, ...transportLimits(config) },
  );
  return { transport, tls };
}

function tlsContexts({ clock, log }: TransportPartsDeps, { tls }: Config): TlsContexts | undefined {
  if (tls.certificates.length === 0) return undefined;
  return createTlsContexts(
    {
      clock,
      onError: (error) => log.error(error.message, { code: error.code }),
      onReload: (files) => log.info("new certificates are in force", { files }),
    },
    tls,
  );
}

/**
 * The limits are those of clients, and the proxy holds clients to them (size-limits.ts). Whatever a client may send has to
 * find room when it comes back from the server with the fields and texts of everybody on its way: one message that did
 * not would end the connection that the server sends all the others by.
 */
function sipLimits({ limits }: Config): SipLimits {
  return {
    maxHeadBytes: HEAD_ROOM * limits.maxHeadBytes,
    maxHeaderCount: HEAD_ROOM * limits.maxHeaderCount,
    maxBodyBytes: Math.ceil(BODY_ROOM * limits.maxBodyBytes),
  };
}

function transportLimits({ limits, webSocket }: Config): Partial<TransportLimits> {
  const { connections, connectionsPerAddress, headerTimeoutMs, idleMs, sendBufferBytes } = limits;
  // Only clients speak by WebSocket.
  const messageBytes = limits.maxHeadBytes + limits.maxBodyBytes;
  return {
    connections,
    connectionsPerAddress,
    headerTimeoutMs,
    idleMs,
    sendBufferBytes,
    messageBytes,
    pingMs: webSocket.pingMs,
  };
}

/** A datagram is one frame; what cannot be read in it ends nothing. */
function readDatagram(bytes: Buffer, limits: SipLimits): SipFrame {
  const parsed = parseDatagram(bytes, limits);
  if (parsed.ok) return { kind: "message", message: parsed.value };
  return { kind: "problem", problem: parsed.problem, fatal: false };
}

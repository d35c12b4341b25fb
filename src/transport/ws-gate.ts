import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { TimerHandle } from "../base/timer-wheel.ts";
import type { ProtocolContext } from "./protocol-transport.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";
import type { PreparedConnection } from "./tcp-transport.ts";
import {
  refusalOf,
  refuseHandshake,
  SIP_SUBPROTOCOL,
  UPGRADE_REQUIRED,
  type HandshakeRefusal,
} from "./ws-handshake.ts";

/** A connection that has become a WebSocket. */
export interface OpenedWebSocket {
  readonly ws: WebSocket;
  readonly accepted: AcceptedConnection;
  /** When the peer connected, monotonic milliseconds. */
  readonly acceptedAtMs: number;
}

/** Where accepted connections ask to become WebSockets. */
export interface WsGate {
  /** Reads the request of a connection; the place in the quota is given back when the socket is closed, whenever that is. */
  enter(prepared: PreparedConnection): void;
  /** Ends what has not yet become a WebSocket. */
  close(): void;
}

/** A connection whose request has not been answered. */
interface Waiting {
  readonly accepted: AcceptedConnection;
  readonly acceptedAtMs: number;
  readonly deadline: TimerHandle;
}

/** Line and header fields of a handshake; cookies of a large site fit. */
const MAX_HEADER_BYTES = 16_384;
/** Pieces of one message: as many as a message of some kilobytes in frames of one byte has. */
const MAX_PIECES = 16_384;

/**
 * The HTTP side of SIP over WebSocket: answers the handshakes (RFC 6455 §4.2) of connections that others accept, within
 * the header time-out. No extension is ever agreed to, permessage-deflate least of all: its bombs are larger than any limit
 * on what is sent. Everything that is no handshake gets one short answer and the end of the connection.
 */
export function createWsGate<Frame>(
  context: ProtocolContext<Frame>,
  origins: ReadonlySet<string>,
  onOpen: (opened: OpenedWebSocket) => void,
): WsGate {
  const { clock, counters, limits, wheel } = context;
  const waiting = new Map<unknown, Waiting>();
  const sockets = createHandshaker(limits.messageBytes);
  const http: Server = createServer({ maxHeaderSize: MAX_HEADER_BYTES });

  sockets.on("wsClientError", (fault, socket) => {
    refuse(socket as Socket, { status: "400 Bad Request", words: `${fault.message}.` });
  });
  http.on("request", (request) => refuse(request.socket, UPGRADE_REQUIRED));
  http.on("upgrade", (request, socket, head) => {
    const refusal = refusalOf(request, origins);
    if (refusal !== undefined) {
      refuse(socket as Socket, refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const opened = waiting.get(socket);
      if (opened === undefined) return;
      waiting.delete(socket);
      opened.deadline.cancel();
      onOpen({ ws, accepted: opened.accepted, acceptedAtMs: opened.acceptedAtMs });
    });
  });

  function refuse(socket: Socket, refusal: HandshakeRefusal): void {
    // Requests that were sent ahead, before the first one was answered.
    if (socket.writableEnded) return;
    counters.handshakesRefused += 1;
    refuseHandshake(socket, refusal);
  }

  return {
    enter(accepted) {
      const { socket, release, sinceMs = clock.monotonicMs() } = accepted;
      const leftMs = Math.max(0, sinceMs + limits.headerTimeoutMs - clock.monotonicMs());
      const deadline = wheel.start(leftMs, () => {
        counters.closedByHeaderTimeout += 1;
        socket.destroy();
      });
      waiting.set(socket, { accepted, acceptedAtMs: sinceMs, deadline });
      counters.connectionsOpen += 1;
      socket.once("close", () => {
        counters.connectionsOpen -= 1;
        waiting.delete(socket);
        deadline.cancel();
        release();
      });
      // The documented way to have the server read a connection that it has not accepted itself.
      http.emit("connection", socket);
    },
    close() {
      for (const { accepted } of waiting.values()) accepted.socket.destroy();
    },
  };
}

function createHandshaker(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload,
    maxFragments: MAX_PIECES,
    maxBufferedChunks: MAX_PIECES,
    handleProtocols: () => SIP_SUBPROTOCOL,
  });
}

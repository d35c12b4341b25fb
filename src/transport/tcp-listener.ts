import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { CodedError } from "../base/coded-error.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Endpoint, TransportName } from "./flow.ts";
import type { ProtocolContext } from "./protocol-transport.ts";

/** Connections that the kernel completes while we are busy (capped by net.core.somaxconn). */
const BACKLOG = 1024;
/** A process without free descriptors fails to accept thousands of times a second; one report in this time is enough. */
const REPORT_INTERVAL_MS = 1000;

/** A listening socket; what it accepts has a known peer address and a place in the quota. */
export interface TcpListener {
  readonly local: Endpoint;
  /** Closes the listening socket and leaves its connections alone. */
  stop(): void;
}

/** What an accepted connection comes with: its socket, both ends, whose it is, and how to give back its place. */
export interface AcceptedConnection {
  readonly socket: Socket;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** It is a server's. */
  readonly isServer: boolean;
  readonly release: () => void;
}

/** Listens on `endpoint`; rejects with CodedError LISTEN_FAILED, whose message names the address and what it is for. */
export async function startTcpListener<Frame>(
  context: ProtocolContext<Frame>,
  endpoint: Endpoint,
  onConnection: (accepted: AcceptedConnection) => void,
  name: TransportName,
): Promise<TcpListener> {
  const server = createServer({ noDelay: true }, (socket) => {
    const accepted = admit(context, socket, name);
    if (accepted !== undefined) onConnection(accepted);
  });
  try {
    const listening = once(server, "listening");
    server.listen({
      host: endpoint.address,
      port: endpoint.port,
      backlog: BACKLOG,
      ipv6Only: true,
      exclusive: true,
    });
    await listening;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot listen on ${name} ${formatEndpoint(endpoint)}: ${reason}`;
    throw new CodedError("LISTEN_FAILED", message, { cause });
  }
  const local = boundTo(server, endpoint);
  reportAcceptErrors(context, server, local);
  return { local, stop: () => void server.close() };
}

function boundTo(server: Server, endpoint: Endpoint): Endpoint {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return endpoint;
  return { address: bound.address, port: bound.port };
}

/**
 * One connection too many is closed at once: it costs an accept and a close, and never an error. A server's takes no place:
 * strangers who hold them all do not keep it out.
 */
function admit<Frame>(
  context: ProtocolContext<Frame>,
  socket: Socket,
  transport: TransportName,
): AcceptedConnection | undefined {
  const { remoteAddress = "", remotePort = 0, localAddress = "0.0.0.0", localPort = 0 } = socket;
  const local = { address: localAddress, port: localPort };
  const remote = { address: remoteAddress, port: remotePort };
  const isServer = context.isServer({ transport, local, remote, outgoing: false });
  // No address: the peer has reset the connection before we came to accept it.
  const isGone = remoteAddress === "";
  const release = isGone ? undefined : isServer ? noPlace : context.quota.admit(remoteAddress);
  if (release === undefined) {
    context.counters.connectionsRefused += 1;
    socket.on("error", () => undefined);
    socket.destroy();
    return undefined;
  }
  context.counters.connectionsAccepted += 1;
  return { socket, local, remote, isServer, release };
}

function noPlace(): void {
  // A server's connection has taken none.
}

/** Failing to accept (no descriptors left) is survived: the listener goes on when some are free again. */
function reportAcceptErrors<Frame>(
  context: ProtocolContext<Frame>,
  server: Server,
  local: Endpoint,
): void {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  server.on("error", (cause) => {
    context.counters.acceptErrors += 1;
    const nowMs = context.clock.monotonicMs();
    if (nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + REPORT_INTERVAL_MS;
    const message = `accepting on tcp ${formatEndpoint(local)} failed: ${cause.message}`;
    context.handler.onError(undefined, new CodedError("ACCEPT_FAILED", message, { cause }));
  });
}

import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { CodedError } from "../base/coded-error.ts";
import type { TimerHandle } from "../base/timer-wheel.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./flow.ts";
import type { ProtocolContext } from "./protocol-transport.ts";
import { identityProof } from "./peer-identity.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";
import type { TlsContexts } from "./tls-contexts.ts";
import { tlsReason } from "./tls-reason.ts";

/** A connection whose handshake is done; `sinceMs` (monotonic) is when the peer connected. */
export interface SecureConnection extends AcceptedConnection {
  readonly socket: TLSSocket;
  readonly sinceMs: number;
  /** Undefined: the peer has shown no certificate that could be verified. */
  readonly proves: ((name: string) => boolean) | undefined;
}

type OnSecure = (connection: SecureConnection) => void;

interface Handshake {
  readonly accepted: AcceptedConnection;
  readonly onSecure: OnSecure;
  readonly sinceMs: number;
  readonly timer: TimerHandle;
  /** The place in the quota belongs to the connection now, and is no longer ours to give back. */
  done: boolean;
}

/** Anybody can make handshakes fail; one report in this time is enough. */
const REPORT_INTERVAL_MS = 1000;

/**
 * The server's side of TLS handshakes, for connections that were admitted: their place in the quota is held from
 * before the first byte. A handshake that is not done within the header time is cut.
 */
export class TlsAcceptor<Frame> {
  readonly #context: ProtocolContext<Frame>;
  readonly #name: "tls" | "wss";
  /** It listens nowhere: connections are handed to it. */
  readonly #server: Server;
  readonly #handshakes = new Map<string, Handshake>();
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  /** Whose connection went last before its handshake was done. */
  #lastGone: Endpoint | undefined;

  /** `name`: the transport, as it shall stand in reports. */
  constructor(context: ProtocolContext<Frame>, contexts: TlsContexts, name: "tls" | "wss") {
    this.#context = context;
    this.#name = name;
    this.#server = createServer(contexts.serverOptions());
    contexts.follow(this.#server);
    this.#server.on("secureConnection", (socket) => this.#succeeded(socket));
    this.#server.on("tlsClientError", (error, socket) => this.#failed(error, socket));
  }

  /** Begins a handshake; `onSecure` is called when it has come about, and then owns socket and place. */
  accept(accepted: AcceptedConnection, onSecure: OnSecure): void {
    const { clock, counters, limits, wheel } = this.#context;
    const { socket, remote, release } = accepted;
    const key = keyOf(socket);
    // The same two ends: that peer has reset its connection and come again, and we have not heard of the first one's end yet.
    this.#handshakes.get(key)?.accepted.socket.destroy();
    const timer = wheel.start(limits.headerTimeoutMs, () => {
      counters.closedByHeaderTimeout += 1;
      this.#report(remote, `no handshake within ${limits.headerTimeoutMs} ms`);
      socket.destroy();
    });
    const sinceMs = clock.monotonicMs();
    const handshake: Handshake = { accepted, onSecure, sinceMs, timer, done: false };
    this.#handshakes.set(key, handshake);
    // What goes wrong is told of the TLS socket on top of this one.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (handshake.done) return;
      if (this.#handshakes.get(key) === handshake) this.#handshakes.delete(key);
      this.#lastGone = remote;
      timer.cancel();
      release();
    });
    this.#server.emit("connection", socket);
  }

  /** Cuts the handshakes that are under way. */
  close(): void {
    for (const { accepted } of this.#handshakes.values()) accepted.socket.destroy();
    this.#server.close();
  }

  #succeeded(socket: TLSSocket): void {
    const key = keyOf(socket);
    const handshake = this.#handshakes.get(key);
    // Gone in this very moment, or too late.
    if (handshake === undefined) {
      socket.destroy();
      return;
    }
    this.#handshakes.delete(key);
    handshake.done = true;
    handshake.timer.cancel();
    const { accepted, onSecure, sinceMs } = handshake;
    onSecure({ ...accepted, socket, sinceMs, proves: identityProof(socket) });
  }

  #failed(error: Error, socket: TLSSocket): void {
    this.#context.counters.handshakeErrors += 1;
    const rejection = codedLike(socket.authorizationError);
    // Connecting and going away is what health checks do.
    if (rejection === undefined && (error as NodeJS.ErrnoException).code === "ECONNRESET") return;
    // A client whose certificate is refused is cut off first, and named in the same turn.
    const handshake = this.#handshakes.get(keyOf(socket));
    const remote = handshake?.accepted.remote ?? (rejection && this.#lastGone);
    this.#report(remote, tlsReason(rejection ?? error));
  }

  #report(remote: Endpoint | undefined, reason: string): void {
    const { clock, handler } = this.#context;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = nowMs + REPORT_INTERVAL_MS;
    const peer = remote === undefined ? "a client" : formatEndpoint(remote);
    const message = `no ${this.#name} connection with ${peer}: ${reason}`;
    handler.onError(undefined, new CodedError("TLS_HANDSHAKE_FAILED", message));
  }
}

/** What Node made of the peer's certificate: by its types an error, in truth the code of one. */
function codedLike(rejection: unknown): Error | undefined {
  if (typeof rejection === "string")
    return Object.assign(new Error(rejection), { code: rejection });
  return rejection instanceof Error ? rejection : undefined;
}

/** Both ends: unique among the connections that there are. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

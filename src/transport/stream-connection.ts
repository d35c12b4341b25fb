import type { Socket } from "node:net";
import { CodedError } from "../base/coded-error.ts";
import type { TimerHandle } from "../base/timer-wheel.ts";
import { deliverFrame } from "./deliver-frame.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Endpoint, Flow, TransportName } from "./flow.ts";
import { KeepAlive } from "./keep-alive.ts";
import type { ProtocolContext, StreamFramer } from "./protocol-transport.ts";
import type { HeldBytes } from "./receive-room.ts";
import { tlsReason } from "./tls-reason.ts";

/** Who a connection is, fixed when it is made. */
export interface ConnectionIdentity {
  readonly id: string;
  readonly transport: TransportName;
  readonly encrypted: boolean;
  readonly outgoing: boolean;
  /** A server's connection to us: what bounds clients does not bound it. */
  readonly isServer: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** When a peer connected, if that was before this (a TLS handshake); monotonic milliseconds. */
  readonly sinceMs?: number;
  /** Of a peer that has shown a certificate which was verified: is it this name? */
  readonly proves?: ((name: string) => boolean) | undefined;
}

/** Above this many times the send buffer a congested connection of ours drops what it is given. */
const HARD_CAP = 4;
/** Above this share of the send buffer a client is not read any more: who asks without reading gets no more answers. */
const PAUSE_SHARE = 0.25;
/** Bytes that are dropped are reported so often at most. */
const REPORT_INTERVAL_MS = 1000;

/**
 * A connection that carries frames: a `net.Socket` (or a TLS socket, which is one) with its time and memory limits.
 *
 * Writes of one turn of the event loop are corked into one system call. Limits: the time from the first byte of a
 * message to its last, the time without any byte, the bytes of unfinished messages of a peer and of all clients, the bytes
 * that wait for the peer (a client's connection is closed
 * above the cap; one that we opened is congested above it, drops above four times as much, and is closed when bytes
 * wait and the peer takes none of them for the stall time).
 */
export class StreamConnection<Frame> implements Flow {
  readonly id: string;
  readonly transport: TransportName;
  readonly reliable = true;
  readonly encrypted: boolean;
  readonly outgoing: boolean;
  readonly remote: Endpoint;
  readonly proves: ((name: string) => boolean) | undefined;
  readonly #context: ProtocolContext<Frame>;
  readonly #socket: Socket;
  readonly #framer: StreamFramer<Frame>;
  /** Bytes of an unfinished message that the framer holds. */
  readonly #held: HeldBytes;
  readonly #onGone: () => void;
  readonly #gonePromise = Promise.withResolvers<void>();
  #local: Endpoint;
  #open = true;
  #corked = false;
  #paused = false;
  #connected: boolean;
  /** Requests are sent over it that would else have a connection of ours: it is filled, and not closed over that. */
  #carriesOurs: boolean;
  #keepAlive: KeepAlive | undefined;
  #failure: CodedError | undefined;
  /** When the message that has begun must have ended; `undefined` between messages. Monotonic milliseconds. */
  #messageDeadlineMs: number | undefined;
  #lastHeardMs: number;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #acceptedBytes = 0;
  #takenBytes = 0;
  #messageTimer: TimerHandle | undefined;
  #idleTimer: TimerHandle | undefined;
  #stallTimer: TimerHandle | undefined;
  /** Runs while the connection is being opened, and later while it is being closed. */
  #phaseTimer: TimerHandle | undefined;

  /** `onGone` is called once when the connection is gone, before the handler hears of it. */
  constructor(
    context: ProtocolContext<Frame>,
    socket: Socket,
    identity: ConnectionIdentity,
    framer: StreamFramer<Frame>,
    onGone: () => void,
  ) {
    this.id = identity.id;
    this.transport = identity.transport;
    this.encrypted = identity.encrypted;
    this.outgoing = identity.outgoing;
    this.remote = identity.remote;
    this.proves = identity.proves;
    this.#carriesOurs = identity.outgoing;
    this.#local = identity.local;
    this.#context = context;
    this.#socket = socket;
    this.#framer = framer;
    const isServer = identity.outgoing || identity.isServer;
    this.#held = context.room.open(isServer ? undefined : identity.remote.address);
    this.#onGone = onGone;
    this.#connected = !identity.outgoing;
    this.#lastHeardMs = context.clock.monotonicMs();
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#received(chunk));
    // Half-open connections are not kept: what was handed over is still sent.
    socket.on("end", () => this.close());
    socket.on("error", (cause) => this.#broken(cause));
    socket.on("close", () => this.#gone());
    context.counters.connectionsOpen += 1;
    this.#startTimers(identity.sinceMs);
  }

  get local(): Endpoint {
    return this.#local;
  }

  get open(): boolean {
    return this.#open;
  }

  get established(): boolean {
    return this.#connected;
  }

  /** Resolves when the socket is closed. */
  get gone(): Promise<void> {
    return this.#gonePromise.promise;
  }

  get congested(): boolean {
    return this.#carriesOurs && this.#socket.writableLength > this.#context.limits.sendBufferBytes;
  }

  /** The peer has opened it and requests to the peer take it (RFC 5923): from now on it is filled and pinged as one of ours. */
  reuse(): void {
    if (this.#carriesOurs) return;
    this.#carriesOurs = true;
    this.#startKeepAlive();
  }

  /** To be called when a connection that we open has come about; what was sent meanwhile goes out by itself. */
  connected(local: Endpoint): void {
    this.#connected = true;
    this.#local = local;
    this.#phaseTimer?.cancel();
    this.#lastHeardMs = this.#context.clock.monotonicMs();
    this.#startKeepAlive();
  }

  send(bytes: Buffer): boolean {
    if (!this.#open) return true;
    // A client's connection is closed over it, and the close is told.
    if (!this.#hasRoomFor(bytes.length)) return !this.#open;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      // Not nextTick: each datagram of a burst has a tick of its own. From UDP to TCP this halved the cost of a message.
      setImmediate(uncork, this);
    }
    this.#acceptedBytes += bytes.length;
    this.#socket.write(bytes);
    if (this.#carriesOurs) this.#watchForStall();
    else if (this.#socket.writableNeedDrain) this.#pauseUntilRead();
    return true;
  }

  /** Ends the cork of one turn of the event loop. */
  flush(): void {
    this.#corked = false;
    this.#socket.uncork();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#connected) {
      this.#socket.destroy();
      return;
    }
    this.#socket.end();
    this.#phaseTimer = this.#after(this.#context.limits.closeFlushMs, () => this.#socket.destroy());
  }

  /** Ends the connection at once; `reason` is reported to the handler. */
  destroy(reason?: CodedError): void {
    this.#open = false;
    this.#failure ??= reason;
    this.#socket.destroy();
  }

  #startKeepAlive(): void {
    const { keepAlive } = this.#context;
    if (keepAlive === undefined) return;
    const pinged = {
      name: this.#name(),
      send: (bytes: Buffer): void => void this.send(bytes),
      destroy: (reason: CodedError): void => this.destroy(reason),
    };
    this.#keepAlive = new KeepAlive(pinged, { ...this.#context, bytes: keepAlive });
  }

  #after(delayMs: number, run: () => void): TimerHandle {
    return this.#context.wheel.start(delayMs, run);
  }

  #startTimers(sinceMs: number | undefined): void {
    const { limits } = this.#context;
    this.#idleTimer = this.#after(limits.idleMs, () => this.#checkIdle());
    if (this.outgoing) {
      this.#phaseTimer = this.#after(limits.connectTimeoutMs, () => {
        const text = `no connection within ${limits.connectTimeoutMs} ms`;
        this.#socket.destroy(new Error(text));
      });
    } else {
      // A peer that connects and says nothing is held to the same time as one that never finishes.
      const endMs = (sinceMs ?? this.#lastHeardMs) + limits.headerTimeoutMs;
      this.#messageDeadlineMs = endMs;
      const leftMs = Math.max(0, endMs - this.#lastHeardMs);
      this.#messageTimer = this.#after(leftMs, () => this.#checkMessageEnd());
    }
  }

  #received(chunk: Buffer): void {
    if (!this.#open) return;
    this.#lastHeardMs = this.#context.clock.monotonicMs();
    this.#keepAlive?.heard(chunk);
    let frames: readonly Frame[];
    try {
      frames = this.#framer.push(chunk);
    } catch (cause) {
      const message = `reading from ${this.#name()} failed: ${String(cause)}`;
      this.destroy(new CodedError("HANDLER_FAILED", message, { cause }));
      return;
    }
    if (!this.#mayHold(this.#framer.bufferedBytes)) return;
    if (frames.length > 0) this.#messageDeadlineMs = undefined;
    if (this.#framer.midMessage) this.#expectMessageEnd();
    for (const frame of frames) {
      // The handler may have closed the connection over the frame before.
      if (!this.#open) return;
      deliverFrame(this.#context.handler, this, frame);
    }
  }

  /** Counts what the framer holds; a connection that there is no room for is closed. */
  #mayHold(bytes: number): boolean {
    if (this.#held.set(bytes)) return true;
    this.#context.counters.closedByReceiveBuffer += 1;
    const message = `${this.#name()}: the room for unfinished messages is used up`;
    this.destroy(new CodedError("RECEIVE_BUFFER_FULL", message));
    return false;
  }

  #pauseUntilRead(): void {
    if (this.#paused) return;
    if (this.#socket.writableLength <= this.#context.limits.sendBufferBytes * PAUSE_SHARE) return;
    this.#paused = true;
    this.#socket.pause();
    this.#socket.once("drain", () => {
      this.#paused = false;
      this.#socket.resume();
    });
  }

  /** The deadline stays where it is while bytes of the same message trickle in. One timer serves many messages. */
  #expectMessageEnd(): void {
    const { headerTimeoutMs } = this.#context.limits;
    this.#messageDeadlineMs ??= this.#context.clock.monotonicMs() + headerTimeoutMs;
    this.#messageTimer ??= this.#after(headerTimeoutMs, () => this.#checkMessageEnd());
  }

  #checkMessageEnd(): void {
    this.#messageTimer = undefined;
    if (this.#messageDeadlineMs === undefined || !this.#open) return;
    const leftMs = this.#messageDeadlineMs - this.#context.clock.monotonicMs();
    if (leftMs > 0) {
      this.#messageTimer = this.#after(leftMs, () => this.#checkMessageEnd());
      return;
    }
    this.#context.counters.closedByHeaderTimeout += 1;
    const message = `${this.#name()} did not complete a message in time`;
    this.destroy(new CodedError("MESSAGE_TIMEOUT", message));
  }

  #checkIdle(): void {
    const { limits, counters, clock } = this.#context;
    const leftMs = this.#lastHeardMs + limits.idleMs - clock.monotonicMs();
    if (leftMs > 0) {
      this.#idleTimer = this.#after(leftMs, () => this.#checkIdle());
      return;
    }
    counters.closedByIdle += 1;
    this.close();
  }

  #hasRoomFor(length: number): boolean {
    const { limits, counters } = this.#context;
    const waiting = this.#socket.writableLength + length;
    const hard = this.#carriesOurs && this.#connected ? HARD_CAP : 1;
    // Whatever its size, one message may wait on an empty buffer.
    if (waiting <= limits.sendBufferBytes * hard || waiting === length) return true;
    counters.bytesDropped += length;
    const error = new CodedError(
      "SEND_BUFFER_FULL",
      `${this.#name()} does not read what it is sent`,
    );
    if (this.#carriesOurs) {
      this.#reportLater(error);
    } else {
      counters.closedBySendBuffer += 1;
      this.destroy(error);
    }
    return false;
  }

  /** What is dropped comes in bursts; one report in a while is enough. */
  #reportLater(error: CodedError): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs < this.#quietUntilMs) return;
    this.#quietUntilMs = nowMs + REPORT_INTERVAL_MS;
    process.nextTick(() => this.#context.handler.onError(this, error));
  }

  #watchForStall(): void {
    if (this.#stallTimer !== undefined) return;
    this.#takenBytes = this.#acceptedBytes - this.#socket.writableLength;
    this.#stallTimer = this.#after(this.#context.limits.stallMs, () => this.#checkStall());
  }

  #checkStall(): void {
    this.#stallTimer = undefined;
    if (!this.#open || this.#socket.writableLength === 0) return;
    const takenBytes = this.#acceptedBytes - this.#socket.writableLength;
    if (takenBytes > this.#takenBytes || !this.#connected) {
      this.#watchForStall();
      return;
    }
    const { counters, limits } = this.#context;
    counters.closedByStall += 1;
    const message = `${this.#name()} has taken nothing for ${limits.stallMs} ms`;
    this.destroy(new CodedError("SEND_STALLED", message));
  }

  #broken(cause: Error): void {
    this.#open = false;
    if (this.#connected) {
      const message = `${this.#name()}: ${this.#reason(cause)}`;
      this.#failure ??= new CodedError("CONNECTION_LOST", message, { cause });
    } else {
      const message = `cannot reach ${this.#name()}: ${this.#reason(cause)}`;
      this.#failure ??= new CodedError("CONNECT_FAILED", message, { cause });
      this.#context.counters.connectErrors += 1;
    }
  }

  #gone(): void {
    this.#open = false;
    for (const timer of [this.#messageTimer, this.#idleTimer, this.#stallTimer, this.#phaseTimer]) {
      timer?.cancel();
    }
    this.#keepAlive?.stop();
    const { counters, handler } = this.#context;
    counters.connectionsOpen -= 1;
    this.#held.set(0);
    this.#onGone();
    this.#gonePromise.resolve();
    if (this.#failure !== undefined) handler.onError(this, this.#failure);
    handler.onClose(this);
  }

  #reason(cause: Error): string {
    return this.encrypted ? tlsReason(cause) : cause.message;
  }

  #name(): string {
    return `${this.transport} ${formatEndpoint(this.remote)}`;
  }
}

function uncork(connection: { flush(): void }): void {
  connection.flush();
}

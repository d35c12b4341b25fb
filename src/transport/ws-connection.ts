import { isUtf8 } from "node:buffer";
import type { WebSocket } from "ws";
import { CodedError } from "../base/coded-error.ts";
import type { TimerHandle } from "../base/timer-wheel.ts";
import { deliverFrame } from "./deliver-frame.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Endpoint, Flow, TransportName } from "./flow.ts";
import type { ProtocolContext } from "./protocol-transport.ts";
import type { HeldBytes } from "./receive-room.ts";
import { WsFrameMeter } from "./ws-frame-meter.ts";
import type { OpenedWebSocket } from "./ws-gate.ts";

/** What a WebSocket connection is told when it is made. */
export interface WsIdentity {
  readonly id: string;
  readonly transport: TransportName;
  readonly encrypted: boolean;
}

/** Reads one message of a WebSocket; undefined: nothing that anybody needs to hear of. */
export type ReadMessage<Frame> = (bytes: Buffer) => Frame | undefined;

/** Above this share of the send buffer a client is not read any more: who asks without reading gets no more answers. */
const PAUSE_SHARE = 0.25;
const MINUTE_MS = 60_000;

/** Close codes of RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/**
 * A client's connection by SIP over WebSocket (RFC 7118), with the limits of a stream connection: the time from the first
 * byte of a message to its last (and from connecting to the end of the first message), the bytes of unfinished messages,
 * the bytes that wait for the peer. Its own: a peer that is silent is pinged and given up when it stays so, and
 * one that sends pings without end is closed. Connections are opened by clients alone (RFC 7118 §3).
 */
export class WsConnection<Frame> implements Flow {
  readonly id: string;
  readonly transport: TransportName;
  readonly reliable = true;
  readonly encrypted: boolean;
  readonly outgoing = false;
  readonly congested = false;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #context: ProtocolContext<Frame>;
  readonly #readMessage: ReadMessage<Frame>;
  readonly #ws: WebSocket;
  readonly #socket: OpenedWebSocket["accepted"]["socket"];
  readonly #held: HeldBytes;
  readonly #onGone: () => void;
  readonly #gonePromise = Promise.withResolvers<void>();
  readonly #meter = new WsFrameMeter();
  #open = true;
  #corked = false;
  #paused = false;
  #failure: CodedError | undefined;
  /** When the message that has begun must have ended; `undefined` between messages. Monotonic milliseconds. */
  #messageDeadlineMs: number | undefined;
  #messageTimer: TimerHandle | undefined;
  /** False until the first message: whoever says nothing is held to the time of one. */
  #spoken = false;
  #lastHeardMs: number;
  /** When the ping went out that nothing has answered yet. */
  #pingedAtMs: number | undefined;
  #pongDue = false;
  #pings = 0;
  #pingsSinceMs = 0;
  #aliveTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;

  /** `onGone` is called once when the connection is gone, before the handler hears of it. */
  constructor(
    context: ProtocolContext<Frame>,
    readMessage: ReadMessage<Frame>,
    opened: OpenedWebSocket,
    identity: WsIdentity,
    onGone: () => void,
  ) {
    this.id = identity.id;
    this.transport = identity.transport;
    this.encrypted = identity.encrypted;
    this.local = opened.accepted.local;
    this.remote = opened.accepted.remote;
    this.#context = context;
    this.#readMessage = readMessage;
    this.#ws = opened.ws;
    this.#socket = opened.accepted.socket;
    this.#held = context.room.open(this.remote.address);
    this.#onGone = onGone;
    this.#lastHeardMs = context.clock.monotonicMs();
    this.#messageDeadlineMs = opened.acceptedAtMs + context.limits.headerTimeoutMs;
    this.#listen();
    this.#checkMessageEnd();
    this.#checkAlive();
  }

  get open(): boolean {
    return this.#open && this.#ws.readyState === this.#ws.OPEN;
  }

  /** Resolves when the socket is closed. */
  get gone(): Promise<void> {
    return this.#gonePromise.promise;
  }

  /** As text where it is text: a browser hands on a binary message in another type, which some clients cannot read. */
  send(bytes: Buffer): boolean {
    if (!this.open || !this.#hasRoomFor(bytes.length)) return true;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      setImmediate(uncork, this);
    }
    this.#ws.send(bytes, { binary: !isUtf8(bytes) });
    if (this.#socket.writableNeedDrain) this.#pauseUntilRead();
    return true;
  }

  /** Ends the cork of one turn of the event loop. */
  flush(): void {
    this.#corked = false;
    this.#socket.uncork();
  }

  close(): void {
    this.#closeWith(GOING_AWAY, "");
  }

  #listen(): void {
    const ws = this.#ws;
    ws.on("message", (data) => this.#received(data as Buffer));
    ws.on("ping", (data) => {
      if (this.#mayPing()) ws.pong(data);
    });
    ws.on("pong", () => {
      // One that we asked for costs nothing; the others are pings by another name.
      if (this.#pongDue) this.#pongDue = false;
      else this.#mayPing();
    });
    ws.on("error", (cause) => this.#violated(cause));
    ws.on("close", () => this.#gone());
    // After `ws` has read the chunk, so that the messages in it are over.
    this.#socket.on("data", (chunk: Buffer) => this.#metered(chunk));
    this.#socket.on("error", (cause) => this.#lost(cause));
  }

  #received(data: Buffer): void {
    if (!this.open) return;
    this.#spoken = true;
    this.#messageDeadlineMs = undefined;
    let frame: Frame | undefined;
    try {
      frame = this.#readMessage(data);
    } catch (cause) {
      const message = `reading from ${this.#name()} failed: ${String(cause)}`;
      this.#destroy(new CodedError("HANDLER_FAILED", message, { cause }));
      return;
    }
    if (frame !== undefined) deliverFrame(this.#context.handler, this, frame);
  }

  #metered(chunk: Buffer): void {
    if (!this.open) return;
    this.#lastHeardMs = this.#context.clock.monotonicMs();
    this.#pingedAtMs = undefined;
    this.#meter.push(chunk);
    if (!this.#mayHold(this.#meter.heldBytes)) return;
    if (this.#meter.midMessage) this.#expectMessageEnd();
    else if (this.#spoken) this.#messageDeadlineMs = undefined;
  }

  /** Counts what is held; a connection that there is no room for is closed. */
  #mayHold(bytes: number): boolean {
    if (this.#held.set(bytes)) return true;
    this.#context.counters.closedByReceiveBuffer += 1;
    const message = `${this.#name()}: the room for unfinished messages is used up`;
    this.#destroy(new CodedError("RECEIVE_BUFFER_FULL", message));
    return false;
  }

  /** The deadline stays where it is while bytes of the same message trickle in. One timer serves many messages. */
  #expectMessageEnd(): void {
    const { headerTimeoutMs } = this.#context.limits;
    this.#messageDeadlineMs ??= this.#context.clock.monotonicMs() + headerTimeoutMs;
    this.#messageTimer ??= this.#after(headerTimeoutMs, () => this.#checkMessageEnd());
  }

  #checkMessageEnd(): void {
    this.#messageTimer = undefined;
    if (this.#messageDeadlineMs === undefined || !this.open) return;
    const leftMs = this.#messageDeadlineMs - this.#context.clock.monotonicMs();
    if (leftMs > 0) {
      this.#messageTimer = this.#after(leftMs, () => this.#checkMessageEnd());
      return;
    }
    this.#context.counters.closedByHeaderTimeout += 1;
    const message = `${this.#name()} did not complete a message in time`;
    this.#failure ??= new CodedError("MESSAGE_TIMEOUT", message);
    this.#closeWith(POLICY_VIOLATION, "no complete message in time");
  }

  /** RFC 6455 §5.5.2: a ping is answered, as long as they do not come without end. */
  #mayPing(): boolean {
    if (!this.open) return false;
    const { counters, limits, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#pingsSinceMs >= MINUTE_MS) {
      this.#pingsSinceMs = nowMs;
      this.#pings = 0;
    }
    this.#pings += 1;
    if (this.#pings <= limits.pingsPerMinute) return true;
    counters.closedByPingFlood += 1;
    this.#failure ??= new CodedError("PING_FLOOD", `${this.#name()} sends pings without end`);
    this.#closeWith(POLICY_VIOLATION, "too many pings");
    return false;
  }

  /** Any byte is a sign of life; RFC 7118 §6 leaves the pings to us, for browsers have none to send. */
  #checkAlive(): void {
    if (!this.open) return;
    const { counters, limits, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    if (this.#pingedAtMs !== undefined) {
      counters.closedBySilence += 1;
      const message = `${this.#name()} has answered no ping for ${nowMs - this.#pingedAtMs} ms`;
      this.#destroy(new CodedError("PEER_SILENT", message));
      return;
    }
    let nextMs = this.#lastHeardMs + limits.pingMs - nowMs;
    if (nextMs <= 0) {
      this.#pingedAtMs = nowMs;
      this.#pongDue = true;
      this.#ws.ping();
      nextMs = limits.pingMs;
    }
    this.#aliveTimer = this.#after(nextMs, () => this.#checkAlive());
  }

  #hasRoomFor(length: number): boolean {
    const { limits, counters } = this.#context;
    const waiting = this.#ws.bufferedAmount;
    // Whatever its size, one message may wait on an empty buffer.
    if (waiting + length <= limits.sendBufferBytes || waiting === 0) return true;
    counters.bytesDropped += length;
    counters.closedBySendBuffer += 1;
    const message = `${this.#name()} does not read what it is sent`;
    this.#destroy(new CodedError("SEND_BUFFER_FULL", message));
    return false;
  }

  #pauseUntilRead(): void {
    if (this.#paused) return;
    if (this.#ws.bufferedAmount <= this.#context.limits.sendBufferBytes * PAUSE_SHARE) return;
    this.#paused = true;
    this.#ws.pause();
    this.#socket.once("drain", () => {
      this.#paused = false;
      this.#ws.resume();
    });
  }

  /** Starts the closing handshake; a peer that does not end it is cut off. */
  #closeWith(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ws.close(code, reason);
    this.#cutOffLater();
  }

  #destroy(reason: CodedError): void {
    this.#open = false;
    this.#failure ??= reason;
    this.#ws.terminate();
  }

  /** `ws` has closed with the code that fits: 1002, 1007, 1009. */
  #violated(cause: Error): void {
    this.#open = false;
    const message = `${this.#name()} breaks the WebSocket protocol: ${cause.message}`;
    this.#failure ??= new CodedError("WEBSOCKET_VIOLATION", message, { cause });
    this.#cutOffLater();
  }

  #lost(cause: Error): void {
    this.#open = false;
    this.#failure ??= new CodedError("CONNECTION_LOST", `${this.#name()}: ${cause.message}`, {
      cause,
    });
  }

  #cutOffLater(): void {
    this.#endTimer ??= this.#after(this.#context.limits.closeFlushMs, () => this.#ws.terminate());
  }

  #gone(): void {
    this.#open = false;
    for (const timer of [this.#messageTimer, this.#aliveTimer, this.#endTimer]) timer?.cancel();
    const { handler } = this.#context;
    this.#held.set(0);
    this.#onGone();
    this.#gonePromise.resolve();
    if (this.#failure !== undefined) handler.onError(this, this.#failure);
    handler.onClose(this);
  }

  #after(delayMs: number, run: () => void): TimerHandle {
    return this.#context.wheel.start(delayMs, run);
  }

  #name(): string {
    return `${this.transport} ${formatEndpoint(this.remote)}`;
  }
}

function uncork(connection: { flush(): void }): void {
  connection.flush();
}

/** What peers may cost us. Times in milliseconds, sizes in bytes; all of it settings (DESIGN §6 `limits`). */
export interface TransportLimits {
  /** Connections accepted from peers, all listeners together; further ones are closed at once. */
  readonly connections: number;
  /** The same for one peer address (an IPv6 /64 counts as one address). */
  readonly connectionsPerAddress: number;
  /** From the first byte of a message to its last, and from a peer's connecting to the end of its first message. */
  readonly headerTimeoutMs: number;
  /** A connection on which nothing arrives for so long is closed. */
  readonly idleMs: number;
  /**
   * Bytes that wait for a peer to read them. A client's connection is closed above it; a connection that we opened
   * is `congested` above it and drops what exceeds four times as much.
   */
  readonly sendBufferBytes: number;
  /**
   * Bytes of unfinished messages, all clients' connections together; a sixteenth of it for one peer. The connection that
   * exceeds either is closed.
   */
  readonly receiveBufferBytes: number;
  /** A connection of ours whose peer takes none of the waiting bytes for so long is closed. */
  readonly stallMs: number;
  /** How long opening a connection may take. */
  readonly connectTimeoutMs: number;
  /** How long a closed connection may take to read the last bytes. */
  readonly closeFlushMs: number;
  /** Silence on a connection that we opened after which a keepalive goes out; see keep-alive.ts. */
  readonly pingAfterMs: number;
  /** How long its answer may take (RFC 5626 §4.4.1). */
  readonly pongWithinMs: number;
  /** The longest message of a WebSocket (RFC 7118: one SIP message); a longer one ends the connection. */
  readonly messageBytes: number;
  /** A WebSocket on which nothing has arrived for so long is pinged, and given up after as long again. */
  readonly pingMs: number;
  /** Pings and pongs that a WebSocket's peer may send in a minute. */
  readonly pingsPerMinute: number;
  /** UDP peers that are remembered; forgetting one loses nothing but the object. */
  readonly udpFlows: number;
}

/** The defaults of DESIGN §6, and of what is not a setting of the configuration. */
export const DEFAULT_TRANSPORT_LIMITS: TransportLimits = {
  connections: 5000,
  connectionsPerAddress: 64,
  headerTimeoutMs: 30_000,
  idleMs: 600_000,
  sendBufferBytes: 1024 * 1024,
  receiveBufferBytes: 128 * 1024 * 1024,
  stallMs: 10_000,
  connectTimeoutMs: 5000,
  closeFlushMs: 2000,
  pingAfterMs: 25_000,
  pongWithinMs: 10_000,
  messageBytes: 2 * 1024 * 1024 + 64 * 1024,
  pingMs: 30_000,
  pingsPerMinute: 120,
  udpFlows: 20_000,
};

/** What carries SIP here; the names are those of the Via header, in lower case. */
export type TransportName = "udp" | "tcp" | "tls" | "ws" | "wss";

/** One end of a flow: a literal IP address (never a name) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * The way to one peer: a connection, or for UDP the pair of our socket and the peer's address (RFC 5626 "flow").
 * A message that came over a flow is answered over the same flow.
 */
export interface Flow {
  /** Unique while the process lives: "tcp/17" or "udp/<local>/<remote>". */
  readonly id: string;
  readonly transport: TransportName;
  /** RFC 3261 §17: reliable transports do not retransmit. */
  readonly reliable: boolean;
  /** True for TLS and secure WebSocket. */
  readonly encrypted: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** True when we opened the connection; false when the peer did (and for UDP). */
  readonly outgoing: boolean;
  /** False once the connection is gone; sending is then a silent no-op and the caller looks here first. */
  readonly open: boolean;
  /** A connection that has come about: what was sent may have arrived, also when it is gone. Left out: not known. */
  readonly established?: boolean;
  /**
   * True while the peer of a connection that we opened, or that carries our requests in place of one (RFC 5923), takes
   * bytes more slowly than we have them (more than the send buffer is waiting): hand it no new work, answer 503. Always
   * false for UDP and for a client's connection, which is closed instead.
   */
  readonly congested: boolean;
  /**
   * Hands bytes to the socket, which keeps them until they are sent: do not change them afterwards. Never throws; a
   * broken connection closes the flow and is reported by `onClose`, a datagram that could not be sent by `onError`.
   * False: a connection of that kind has no room left, the bytes are dropped, and no close will tell of it.
   */
  send(bytes: Buffer): boolean;
  /** Sends what was handed over so far, then ends the connection (no effect on UDP). `onClose` follows. */
  close(): void;
}

/** What the sockets have seen, as plain numbers for the metrics; only `connectionsOpen` and `bytesHeld` ever fall. */
export interface TransportCounters {
  /** Connections open now, in both directions. */
  connectionsOpen: number;
  connectionsAccepted: number;
  /** Connections closed at once, because there were too many. */
  connectionsRefused: number;
  /** accept() failed, for want of file descriptors as a rule. */
  acceptErrors: number;
  /** Connections closed because a message did not end in time. */
  closedByHeaderTimeout: number;
  closedByIdle: number;
  /** Connections of clients closed because they did not read. */
  closedBySendBuffer: number;
  /** Connections of ours closed because the peer took nothing for the stall time. */
  closedByStall: number;
  /** Connections closed because unfinished messages took too much memory. */
  closedByReceiveBuffer: number;
  /** WebSockets closed because their peer was gone: it answered no ping. */
  closedBySilence: number;
  /** WebSockets closed because their peer sent pings without end. */
  closedByPingFlood: number;
  /** Requests of HTTP that did not become a WebSocket. */
  handshakesRefused: number;
  connectErrors: number;
  /** TLS handshakes with clients that failed. */
  handshakeErrors: number;
  /** Bytes of unfinished messages held now. */
  bytesHeld: number;
  /** Bytes that were never handed to a socket, because the buffer was full. */
  bytesDropped: number;
  datagramsReceived: number;
  /** Datagrams that nobody could answer (empty, or from port 0). */
  datagramsIgnored: number;
  datagramsSent: number;
  datagramErrors: number;
}

/** All counters at zero. */
export function createTransportCounters(): TransportCounters {
  return {
    connectionsOpen: 0,
    connectionsAccepted: 0,
    connectionsRefused: 0,
    acceptErrors: 0,
    closedByHeaderTimeout: 0,
    closedByIdle: 0,
    closedBySendBuffer: 0,
    closedByStall: 0,
    closedByReceiveBuffer: 0,
    closedBySilence: 0,
    closedByPingFlood: 0,
    handshakesRefused: 0,
    connectErrors: 0,
    handshakeErrors: 0,
    bytesHeld: 0,
    bytesDropped: 0,
    datagramsReceived: 0,
    datagramsIgnored: 0,
    datagramsSent: 0,
    datagramErrors: 0,
  };
}

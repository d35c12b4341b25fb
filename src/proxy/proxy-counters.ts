/** What the proxy has done since it started. */
export interface ProxyCounters {
  /** New requests (not repetitions, ACK and CANCEL). */
  requests: number;
  retransmissions: number;
  responses: number;
  /** Responses that nobody waited for, dropped. */
  strayResponses: number;
  /** Requests answered here without a transaction: unreadable, not to be forwarded, too many. */
  refused: number;
  /** Of these: too much to do, or shutting down. */
  overloaded: number;
  /** Of these: their source exceeds its rate. */
  rateRefused: number;
  /** Requests of such a source that were not even answered. */
  rateDropped: number;
  /** Messages that could not be read, answered or not. */
  problems: number;
}

/** Counters that start at zero. */
export function createProxyCounters(): ProxyCounters {
  return {
    requests: 0,
    retransmissions: 0,
    responses: 0,
    strayResponses: 0,
    refused: 0,
    overloaded: 0,
    rateRefused: 0,
    rateDropped: 0,
    problems: 0,
  };
}

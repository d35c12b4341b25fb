import { peerOf } from "../transport/connection-quota.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ProxyCore } from "./proxy-core.ts";
import type { ProxyCounters } from "./proxy-counters.ts";
import { SourceRates, type Admission } from "./source-rates.ts";

/** One line of the operator's log about the same thing in this time. */
const REPORT_MS = 60_000;

type Core = Pick<ProxyCore, "clock" | "log" | "options">;

/**
 * Whether a request is taken at all, by who sends it; and what the operator hears of requests that were not. The server side
 * has no rate: a server that is busy is busy for many users. What comes to the clients' side has one, also from a server's
 * address: that may be a machine with clients on it.
 */
export class RequestAdmission {
  readonly #core: Core;
  readonly #counters: ProxyCounters;
  readonly #rates: SourceRates | undefined;
  readonly #quietUntilMs = new Map<string, number>();

  constructor(core: Core, counters: ProxyCounters) {
    const { ratePerSource } = core.options;
    this.#core = core;
    this.#counters = counters;
    this.#rates = ratePerSource === undefined ? undefined : new SourceRates(ratePerSource);
  }

  /** Counts a request against its source; what does not pass is in the counters, and now and then in the log. */
  ofSource(face: FlowFace, isNew: boolean): Admission {
    if (this.#rates === undefined || face.side === "server") return "pass";
    const { reliable, remote } = face.flow;
    const { address } = remote;
    // The address on a datagram can be anybody's: its owner's connections do not pay for it.
    const source = reliable ? peerOf(address) : `udp ${peerOf(address)}`;
    const verdict = this.#rates.admit(source, isNew, this.#core.clock.monotonicMs());
    if (verdict === "pass") return verdict;
    // An answer on a connection reaches nobody else, and one who does not read it is not read either.
    const admission = reliable ? "refuse" : verdict;
    if (admission === "refuse") this.#counters.rateRefused += 1;
    else this.#counters.rateDropped += 1;
    this.#report("a source exceeds limits.rate_per_source", { source: address });
    return admission;
  }

  /** There is more work than we take, whoever it is from. */
  overloaded(unfinished: number): void {
    this.#counters.overloaded += 1;
    this.#report("more to do than limits.in_flight allows", { unfinished });
  }

  /** One address has as many calls waiting as one may have. */
  tooManyCalls(address: string): void {
    this.#counters.overloaded += 1;
    this.#report("a source has its share of limits.in_flight in unanswered calls", {
      source: address,
    });
  }

  #report(message: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#core.clock.monotonicMs();
    if (nowMs < (this.#quietUntilMs.get(message) ?? 0)) return;
    this.#quietUntilMs.set(message, nowMs + REPORT_MS);
    this.#core.log.warn(fields, message);
  }
}

import type { Clock } from "../base/clock.ts";
import { bareHost, type FlowFaces } from "./flow-face.ts";
import type { FlowOpener, UpstreamTarget } from "./proxy-options.ts";
import { mayGoTo, type Secrecy } from "./secrecy.ts";
import type { BranchTarget, Hop, Target } from "./targets.ts";

/** How long an upstream that could not be reached is tried last. */
const REST_MS = 5000;

/**
 * The upstreams in failover order. One whose connection broke rests for a while; when all of them rest, all are tried
 * in their order. A connection that had worked and broke is opened once more before the next upstream has its turn: the
 * server may have restarted.
 */
export class UpstreamChoice {
  readonly #upstreams: readonly UpstreamTarget[];
  /** Ways that are open, so that a request need not ask the transport for them. */
  readonly #ways = new Map<UpstreamTarget, Target>();
  readonly #restingUntil = new Map<UpstreamTarget, number>();
  readonly #faces: FlowFaces;
  readonly #opener: FlowOpener;
  readonly #clock: Clock;

  constructor(
    upstreams: readonly UpstreamTarget[],
    faces: FlowFaces,
    opener: FlowOpener,
    clock: Clock,
  ) {
    this.#upstreams = upstreams;
    this.#faces = faces;
    this.#opener = opener;
    this.#clock = clock;
  }

  /** Is this host, as the operator wrote it, one of the upstreams? */
  isNamed(host: string): boolean {
    return this.#upstreams.some((upstream) => bareHost(upstream.host) === bareHost(host));
  }

  /** Is there an upstream that may be told a request of this secrecy? */
  mayTake(secrecy: Secrecy): boolean {
    return this.#upstreams.some((upstream) => mayGoTo(upstream, secrecy));
  }

  inOrder(secrecy: Secrecy = "none"): BranchTarget {
    return this.#branch(undefined, secrecy);
  }

  startingWith(hop: Hop, secrecy: Secrecy): BranchTarget {
    return this.#branch(hop, secrecy);
  }

  /** New work would have to wait in the buffer of a connection that is full. */
  get congested(): boolean {
    const first = this.#ordered(undefined)[0];
    const way = first === undefined ? undefined : this.#ways.get(first);
    return way?.face.flow.congested === true;
  }

  /** One that may not be told the request is left out, as if it were not there. */
  #branch(preferred: Hop | undefined, secrecy: Secrecy): BranchTarget {
    let left: UpstreamTarget[] | undefined;
    let last: { upstream: UpstreamTarget; target: Target; heard: boolean } | undefined;
    return {
      next: () => {
        left ??= this.#ordered(preferred).filter((upstream) => mayGoTo(upstream, secrecy));
        // Asked again: the last one was lost.
        if (last?.heard === true) {
          const { upstream } = last;
          last = { upstream, target: this.#open(upstream), heard: false };
          return last.target;
        }
        if (last !== undefined) this.#rest(last.upstream);
        const upstream = left.shift();
        if (upstream === undefined) return undefined;
        const target = this.#open(upstream);
        last = { upstream, target, heard: target.face.heard };
        return target;
      },
    };
  }

  #ordered(preferred: Hop | undefined): UpstreamTarget[] {
    const nowMs = this.#clock.monotonicMs();
    const rank = (upstream: UpstreamTarget): number => {
      if (preferred !== undefined && isAt(upstream, preferred)) return 0;
      return (this.#restingUntil.get(upstream) ?? 0) > nowMs ? 2 : 1;
    };
    if (this.#upstreams.length === 1) return [...this.#upstreams];
    return [...this.#upstreams].sort((a, b) => rank(a) - rank(b));
  }

  #rest(upstream: UpstreamTarget): void {
    this.#restingUntil.set(upstream, this.#clock.monotonicMs() + REST_MS);
  }

  #open(upstream: UpstreamTarget): Target {
    const known = this.#ways.get(upstream);
    if (known?.face.flow.open === true) return known;
    const { transport, remote, host: name } = upstream;
    const local = this.#faces.listener("server", transport, remote.address);
    const flow = this.#opener.connect({
      transport,
      remote,
      name,
      ...(local === undefined ? {} : { local }),
    });
    const target = { face: this.#faces.of(flow) };
    this.#ways.set(upstream, target);
    return target;
  }
}

function isAt(upstream: UpstreamTarget, hop: Hop): boolean {
  return (
    upstream.transport === hop.transport &&
    upstream.remote.port === hop.remote.port &&
    upstream.remote.address === hop.remote.address
  );
}

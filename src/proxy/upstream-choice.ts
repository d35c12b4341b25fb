import type { Clock } from "../base/clock.ts";
import { bareHost, type FlowFaces } from "./flow-face.ts";
import type { FlowOpener, UpstreamTarget } from "./proxy-options.ts";
import { mayGoTo, type Secrecy } from "./secrecy.ts";
import type { BranchTarget, Hop, Target, Trouble } from "./targets.ts";
import { UpstreamBranch, type UpstreamWays } from "./upstream-branch.ts";
import { UpstreamState } from "./upstream-state.ts";

/** How long an upstream that could not be reached, or said 503 without Retry-After, is tried after the others. */
const REST_MS = 5000;
/** What a Retry-After counts for at most: nobody takes himself out of service for longer with one answer. */
const LONGEST_REST_MS = 60_000;

/** Servers of which one is asked, the others when it cannot be. */
export type ServerChoice = Pick<UpstreamChoice, "isNamed" | "mayTake" | "inOrder">;

/**
 * The upstreams in failover order. One whose connection broke, or that said 503, rests for a while; one that the probes
 * found dead (upstream-watch.ts) comes after those. When all of them are like that, all are tried in their order: the
 * only upstream is never taken out of service.
 */
export class UpstreamChoice implements UpstreamWays {
  /** Told of an upstream that could not be reached, or did not answer: worth a look at once. */
  onSuspect: ((upstream: UpstreamTarget) => void) | undefined;
  #upstreams: readonly UpstreamTarget[];
  /** Ways that are open, so that a request need not ask the transport for them. */
  readonly #ways = new Map<UpstreamTarget, Target>();
  readonly #restingUntil = new Map<UpstreamTarget, number>();
  readonly #states = new Map<UpstreamTarget, UpstreamState>();
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

  /** All of them, the preferred first. */
  get all(): readonly UpstreamTarget[] {
    return this.#upstreams;
  }

  /** Other addresses for the same names (RFC 3263); what is known of those that stay is kept. */
  replace(upstreams: readonly UpstreamTarget[]): void {
    this.#upstreams = upstreams.map(
      (fresh) => this.#upstreams.find((old) => isAt(old, fresh)) ?? fresh,
    );
    for (const map of [this.#ways, this.#restingUntil, this.#states]) {
      for (const key of map.keys()) if (!this.#upstreams.includes(key)) map.delete(key);
    }
  }

  stateOf(upstream: UpstreamTarget): UpstreamState {
    const known = this.#states.get(upstream);
    if (known !== undefined) return known;
    const state = new UpstreamState();
    this.#states.set(upstream, state);
    return state;
  }

  /** It has come back, so it need not rest any longer. */
  wake(upstream: UpstreamTarget): void {
    this.#restingUntil.delete(upstream);
  }

  /** Is this host, as the operator wrote it, one of the upstreams? */
  isNamed(host: string): boolean {
    return isNamedAmong(this.#upstreams, host);
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

  /** Some of them, in an order of their own; what is known of each counts here too. */
  among(servers: readonly UpstreamTarget[]): ServerChoice {
    return {
      isNamed: (host) => isNamedAmong(servers, host),
      mayTake: (secrecy) => servers.some((server) => mayGoTo(server, secrecy)),
      inOrder: (secrecy) => this.#branch(undefined, secrecy ?? "none", servers),
    };
  }

  /** New work would have to wait in the buffer of a connection that is full. */
  get congested(): boolean {
    const first = this.#ordered(undefined)[0];
    const way = first === undefined ? undefined : this.#ways.get(first);
    return way?.face.flow.congested === true;
  }

  /** The way to an upstream as it is now; undefined when none has been opened. */
  openWayTo(upstream: UpstreamTarget): Target | undefined {
    return this.#ways.get(upstream);
  }

  /** The way to an upstream, opened when there is none. */
  wayTo(upstream: UpstreamTarget): Target {
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

  /** One that may not be told the request is left out, as if it were not there. */
  #branch(
    preferred: Hop | undefined,
    secrecy: Secrecy,
    servers?: readonly UpstreamTarget[],
  ): BranchTarget {
    const inOrder = this.#ordered(preferred, servers);
    const permitted =
      secrecy === "none" ? inOrder : inOrder.filter((upstream) => mayGoTo(upstream, secrecy));
    return new UpstreamBranch(this, permitted);
  }

  #ordered(
    preferred: Hop | undefined,
    servers: readonly UpstreamTarget[] = this.#upstreams,
  ): readonly UpstreamTarget[] {
    if (servers.length === 1) return servers;
    const nowMs = this.#clock.monotonicMs();
    const rank = (upstream: UpstreamTarget): number => {
      if (preferred !== undefined && isAt(upstream, preferred)) return 0;
      if (this.#states.get(upstream)?.status === "down") return 3;
      return (this.#restingUntil.get(upstream) ?? 0) > nowMs ? 2 : 1;
    };
    return [...servers].sort((a, b) => rank(a) - rank(b));
  }

  /** It led nowhere, or is busy: the others have their turn before it for a while. */
  rest(upstream: UpstreamTarget, trouble: Trouble | undefined): void {
    if (trouble?.kind === "withheld") return;
    const wantedMs = trouble?.kind === "busy" ? trouble.retryAfterMs : undefined;
    const restMs = Math.min(wantedMs ?? REST_MS, LONGEST_REST_MS);
    this.#restingUntil.set(upstream, this.#clock.monotonicMs() + restMs);
    if (trouble?.kind !== "busy" && trouble?.kind !== "full") this.onSuspect?.(upstream);
  }
}

function isNamedAmong(servers: readonly UpstreamTarget[], host: string): boolean {
  return servers.some((server) => bareHost(server.host) === bareHost(host));
}

function isAt(upstream: UpstreamTarget, hop: Hop): boolean {
  return (
    upstream.transport === hop.transport &&
    upstream.remote.port === hop.remote.port &&
    upstream.remote.address === hop.remote.address
  );
}

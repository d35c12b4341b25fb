import type { UpstreamTarget } from "./proxy-options.ts";
import type { BranchTarget, Target, Trouble } from "./targets.ts";

/** How often a request is sent again over another connection when the one that it may have arrived by is lost. */
const MOST_REPETITIONS = 1;

/** What a branch needs of the upstreams. */
export interface UpstreamWays {
  /** The way to an upstream, opened when there is none. */
  wayTo(upstream: UpstreamTarget): Target;
  /** It led nowhere: the others have their turn before it for a while. */
  rest(upstream: UpstreamTarget, trouble: Trouble | undefined): void;
}

/**
 * One request's way through the upstreams, in the order that is given. A connection that had worked and broke is opened
 * once more before the next upstream has its turn: the server may have restarted. But a request whose connection broke
 * twice over it is sent no more: it may have arrived both times, and it may be what the servers break on.
 */
export class UpstreamBranch implements BranchTarget {
  readonly #ways: UpstreamWays;
  readonly #inOrder: readonly UpstreamTarget[];
  /** How many have had their turn. */
  #tried = 0;
  #upstream: UpstreamTarget | undefined;
  #target: Target | undefined;
  /** The connection that was tried last had worked. */
  #heard = false;
  #mayHaveArrived = 0;

  constructor(ways: UpstreamWays, inOrder: readonly UpstreamTarget[]) {
    this.#ways = ways;
    this.#inOrder = inOrder;
  }

  next(trouble?: Trouble): Target | undefined {
    if (this.#upstream !== undefined) {
      const isLost = (trouble?.kind ?? "lost") === "lost";
      if (isLost && this.#target?.face.reached === true) this.#mayHaveArrived += 1;
      if (this.#mayHaveArrived > MOST_REPETITIONS) {
        this.#ways.rest(this.#upstream, trouble);
        return undefined;
      }
      if (this.#heard && isLost) {
        this.#heard = false;
        this.#target = this.#ways.wayTo(this.#upstream);
        return this.#target;
      }
      this.#ways.rest(this.#upstream, trouble);
    }
    const upstream = this.#inOrder[this.#tried];
    if (upstream === undefined) return undefined;
    this.#tried += 1;
    this.#upstream = upstream;
    this.#target = this.#ways.wayTo(upstream);
    this.#heard = this.#target.face.heard;
    return this.#target;
  }
}

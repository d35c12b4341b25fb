import type { FlowFace } from "./flow-face.ts";
import { HIGHEST_CSEQ } from "./renumber.ts";

/** How the other peer addresses a client in a dialog, as the client gets it. */
export interface LegAddress {
  readonly face: FlowFace;
  readonly requestUri: string;
  /** Field values with their tags. */
  readonly from: string;
  readonly to: string;
}

/** From this number of the sender's on (exclusive) its numbers are raised by `offset`. */
interface Step {
  readonly above: number;
  readonly offset: number;
}

/** Steps that are remembered: older numbers belong to requests that ended long ago. */
const MAX_STEPS = 32;

/**
 * One direction of a dialog, from the other peer to a client of ours. Keeps the numbers: the client sees one ascending row
 * of CSeq numbers, made of the sender's requests and ours between them (RFC 3261 §12.2.2), so that after our n-th request
 * every number of the sender is raised by n. A number always gets the offset that was in force when it first came by:
 * the ACK and the PRACK of an INVITE name the number that the client has seen.
 */
export class Leg {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
  address: LegAddress;
  #highestIn: number;
  #highestOut: number;
  /** What holds below the first step. */
  #base = 0;
  #steps: Step[] = [];

  constructor(
    dialog: { readonly callId: string; readonly fromTag: string; readonly toTag: string },
    address: LegAddress,
    number: number,
  ) {
    this.callId = dialog.callId;
    this.fromTag = dialog.fromTag;
    this.toTag = dialog.toTag;
    this.address = address;
    this.#highestIn = number;
    this.#highestOut = number;
  }

  /** We have sent requests of our own: without this leg the client would refuse the next one of its peer. */
  get shifted(): boolean {
    return this.#steps.length > 0;
  }

  /** By how much this number of the sender's is raised. */
  offsetOf(number: number): number {
    const { length } = this.#steps;
    for (let i = length - 1; i >= 0; i -= 1) {
      const step = this.#steps[i];
      if (step !== undefined && number > step.above) return fitting(number, step.offset);
    }
    return fitting(number, this.#base);
  }

  /** A request with this number of the sender's has gone out, raised by `offset`. */
  passed(number: number, offset: number): void {
    if (number > this.#highestIn) this.#highestIn = number;
    if (number + offset > this.#highestOut) this.#highestOut = number + offset;
  }

  /** The number for a request of ours; undefined when there is none left. */
  takeNumber(): number | undefined {
    if (this.#highestOut >= HIGHEST_CSEQ) return undefined;
    this.#highestOut += 1;
    const last = this.#steps.at(-1);
    const step = { above: this.#highestIn, offset: (last?.offset ?? this.#base) + 1 };
    if (last?.above === step.above) this.#steps.pop();
    this.#steps.push(step);
    if (this.#steps.length > MAX_STEPS) this.#base = this.#steps.shift()?.offset ?? this.#base;
    return this.#highestOut;
  }
}

/** A number that would leave the range stays as it is, and is refused by the client. */
function fitting(number: number, offset: number): number {
  return number + offset > HIGHEST_CSEQ ? 0 : offset;
}

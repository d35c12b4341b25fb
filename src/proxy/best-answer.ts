import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { FlowFace } from "./flow-face.ts";
import { plainReply, type Reply } from "./reply.ts";
import type { TransactionEnd } from "./seams.ts";
import { statusRank } from "./status-rank.ts";

/** A final answer that may become the one that the sender sees: a peer's response, or a reply of our own. */
export interface Candidate {
  readonly status: number;
  readonly cause: TransactionEnd["cause"];
  readonly response: SipResponse | undefined;
  readonly reply: Reply | undefined;
  /** Where the branch led. */
  readonly face: FlowFace;
}

/** What the sender shall get. */
export type Choice =
  | {
      readonly kind: "response";
      readonly response: SipResponse;
      readonly face: FlowFace;
      readonly edits: readonly Splice[];
      readonly cause: Candidate["cause"];
    }
  | { readonly kind: "reply"; readonly reply: Reply; readonly cause: Candidate["cause"] };

const DEVICE_UNAVAILABLE: Reply = plainReply(500, "Server Internal Error");
const SERVER_TIMEOUT: Reply = plainReply(504, "Server Time-out");

/** The choice among the refusals of one request's branches (RFC 3261 §16.7 steps 6 and 7). */
export class BestAnswer {
  readonly #invite: boolean;
  #best: Candidate | undefined;
  /** Every 401 and 407, in the order in which they came. */
  #challenges: SipResponse[] | undefined;

  constructor(invite: boolean) {
    this.#invite = invite;
  }

  /** Holds a final answer of one branch against those of the others. */
  weigh(candidate: Candidate): void {
    const { response } = candidate;
    if (response !== undefined && isChallenge(response)) (this.#challenges ??= []).push(response);
    if (this.#best === undefined || isBetter(candidate, this.#best)) this.#best = candidate;
  }

  /** Undefined as long as no branch has refused. */
  choose(): Choice | undefined {
    const best = this.#best;
    if (best === undefined) return undefined;
    const { response, reply, cause } = best;
    if (response === undefined) return reply && { kind: "reply", reply, cause };
    // One device that is overloaded is not the gateway overloaded; a server that is, is so for all that we would send.
    if (response.status === 503 && best.face.side === "client") {
      return { kind: "reply", reply: DEVICE_UNAVAILABLE, cause };
    }
    // RFC 4320 §4.2: whoever sends a 408 says it too late.
    if (response.status === 408 && !this.#invite) {
      return { kind: "reply", reply: SERVER_TIMEOUT, cause };
    }
    return {
      kind: "response",
      response,
      face: best.face,
      edits: this.#otherChallenges(response),
      cause,
    };
  }

  /** The challenges of the other branches, so that the sender can answer all of them at once. */
  #otherChallenges(response: SipResponse): readonly Splice[] {
    if (!isChallenge(response) || this.#challenges === undefined) return [];
    const at = response.bodyStart - 2;
    return this.#challenges
      .filter((other) => other !== response)
      .map((other) => ({ start: at, end: at, bytes: challengesOf(other) }));
  }
}

function isChallenge({ status }: SipResponse): boolean {
  return status === 401 || status === 407;
}

function challengesOf(response: SipResponse): string {
  let lines = "";
  for (const id of [HeaderId.WwwAuthenticate, HeaderId.ProxyAuthenticate]) {
    for (let i = response.find(id); i >= 0; i = response.find(id, i + 1)) {
      lines += response.bytes.toString("latin1", response.lineStart(i), response.lineEnd(i));
    }
  }
  return lines;
}

/** A peer's answer before our own, an earlier one before a later one. */
function isBetter(candidate: Candidate, best: Candidate): boolean {
  const own = Number(candidate.response === undefined) - Number(best.response === undefined);
  if (own !== 0) return own < 0;
  return statusRank(candidate.status) < statusRank(best.status);
}

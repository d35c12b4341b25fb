import { ok } from "../base/result.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { ClientRegister } from "./client-register.ts";
import { ClientTransaction, type BranchOwner, type OutgoingRequest } from "./client-transaction.ts";
import { forwardedRequest, type ForwardBasis } from "./forward-request.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { readAgain } from "./read-again.ts";
import type { Reply } from "./reply.ts";
import { nextWay } from "./secrecy.ts";
import type { BranchTarget, Target, Trouble } from "./targets.ts";

/**
 * How a branch began: it left; there is no way left, or none but such as it must not go in clear (secrecy.ts) or does not
 * fit into; or it may not or cannot leave, and the sender shall have this answer.
 */
export type BranchStart = "left" | "nowhere" | "withheld" | "too-large" | Reply;

/** What fits into a datagram over IPv4: 65,535 bytes without the headers of IP and UDP. */
const LARGEST_DATAGRAM = 65_507;

function fits({ face }: Target, bytes: Buffer): boolean {
  return face.flow.reliable || bytes.length <= LARGEST_DATAGRAM;
}

/** What all branches of a request are made from. */
interface BranchesBasis {
  readonly basis: ForwardBasis;
  readonly wayHash: string;
  readonly register: ClientRegister | undefined;
  /** The answer where the request would leave towards a client, which it must not. */
  readonly elsewhere: Reply | undefined;
}

interface Branch {
  readonly transaction: ClientTransaction;
  /** Where else it can go. */
  readonly way: BranchTarget;
}

const NO_ALIASES = ok([]);

/** The client transactions of one request (RFC 3261 §16.6): how it leaves, and where else it can go. */
export class Branches {
  /** The request as it was forwarded, where it was changed. */
  edited: (() => SipRequest) | undefined;
  /** It was forwarded with another CSeq number than it came with (dialog-legs.ts). */
  renumbered = false;
  readonly #core: ProxyCore;
  readonly #owner: BranchOwner;
  readonly #from: BranchesBasis;
  /** Nearly always one: made anew for each, for a list that is pushed to has room for seventeen. */
  #branches: readonly Branch[] = [];
  /** Of branches that left by TCP for their size: where they were to go. */
  #fallbacks: Map<ClientTransaction, Target> | undefined;

  constructor(core: ProxyCore, owner: BranchOwner, from: BranchesBasis) {
    this.#core = core;
    this.#owner = owner;
    this.#from = from;
  }

  /** Path was added: the request is a REGISTER of a client. */
  get addedPath(): boolean {
    return this.#from.basis.addPath;
  }

  get pending(): boolean {
    return this.#branches.some(({ transaction }) => transaction.pending);
  }

  wayOf(branch: ClientTransaction): BranchTarget | undefined {
    return this.#branches.find(({ transaction }) => transaction === branch)?.way;
  }

  /** @param trouble what became of the branch that went the way before */
  start(way: BranchTarget, trouble?: Trouble): BranchStart {
    const target = nextWay(this.#core.targets.faces, this.#from.basis, way, trouble);
    if (target === "withheld") return target;
    if (target === undefined) return "nowhere";
    const { elsewhere } = this.#from;
    if (elsewhere !== undefined && target.face.side === "client") return elsewhere;
    const outgoing = this.#written(target);
    if ("status" in outgoing) return outgoing;
    const bytes = outgoing.write();
    const stream = this.#core.large?.streamFor(target, bytes.length);
    const larger = stream === undefined ? outgoing : this.#written(stream);
    if ("status" in larger) return larger;
    if (larger === outgoing && !fits(target, bytes)) return "too-large";
    const branch = this.#launch(larger, way, larger === outgoing ? bytes : undefined);
    if (larger !== outgoing) {
      this.#fallbacks ??= new Map();
      this.#fallbacks.set(branch, target);
    }
    return "left";
  }

  /**
   * Of a branch whose connection failed: sends it where it was to go but for its size (RFC 3261 §18.1.1); undefined for
   * all others. To be asked for once.
   */
  fallbackOf(branch: ClientTransaction): (() => BranchStart) | undefined {
    const target = this.#fallbacks?.get(branch);
    const way = this.wayOf(branch);
    if (target === undefined || way === undefined) return undefined;
    this.#fallbacks?.delete(branch);
    if (!branch.face.heard) this.#core.large?.refused(target);
    return () => {
      const outgoing = this.#written(target);
      if ("status" in outgoing) return outgoing;
      const bytes = outgoing.write();
      if (!fits(target, bytes)) return "too-large";
      this.#launch(outgoing, way, bytes);
      return "left";
    };
  }

  /** Cancels those of an INVITE that are pending (RFC 3261 §16.10); others cannot be. */
  cancelAll(except?: ClientTransaction): void {
    for (const { transaction } of this.#branches) {
      if (transaction !== except) transaction.cancel();
    }
  }

  /** Nobody waits for them any more: late answers are strays. */
  terminate(): void {
    for (const { transaction } of this.#branches) {
      if (transaction.pending) transaction.terminate();
    }
  }

  /** The request as it leaves towards one target, or why it cannot. */
  #written(target: Target): OutgoingRequest | Reply {
    const { basis, wayHash, register } = this.#from;
    const { request } = basis;
    const branch = this.#core.branches.next(wayHash);
    const requestUri = target.requestUri ?? basis.plan.target;
    const numbers = this.#core.legs.leaving(request, target.face, requestUri);
    const aliases = register?.splicesFor(target.face) ?? NO_ALIASES;
    if (!aliases.ok) return aliases.problem;
    const more = numbers.length + aliases.value.length;
    const edits = more === 0 ? basis.edits : [...basis.edits, ...numbers, ...aliases.value];
    const addPath = basis.addPath && register?.used !== true;
    const from =
      edits === basis.edits && addPath === basis.addPath ? basis : { ...basis, edits, addPath };
    const write = (): Buffer => {
      const bytes = forwardedRequest(from, target, branch);
      request.rest();
      return bytes;
    };
    if (edits.length > 0) this.edited = once(() => readAgain(write()));
    if (numbers.length > 0) this.renumbered = true;
    return { branch, method: request.method, face: target.face, write };
  }

  #launch(outgoing: OutgoingRequest, way: BranchTarget, bytes?: Buffer): ClientTransaction {
    const transaction = new ClientTransaction(this.#core.clientEnv, this.#owner, outgoing);
    this.#branches = [...this.#branches, { transaction, way }];
    transaction.start(bytes);
    return transaction;
  }
}

function once(make: () => SipRequest): () => SipRequest {
  let made: SipRequest | undefined;
  return () => (made ??= make());
}

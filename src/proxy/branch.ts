import { randomBytes } from "node:crypto";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Side } from "./seams.ts";

/**
 * Makes the branches of our own Via values: magic cookie, the salt of this process, a counter, and a hash of what
 * decides the way of the request, by which a loop is told from a spiral (RFC 3261 §16.6 step 8). Also the To tags of
 * our own answers, recognisable by the same salt.
 */
export class BranchMaker {
  readonly #salt: string = randomBytes(6).readUIntBE(0, 6).toString(36).padStart(10, "0");
  readonly #prefix: string = `z9hG4bK${this.#salt}`;
  readonly #tagPrefix: string = `sl${this.#salt}`;
  #counter = 0;

  next(wayHash: string): string {
    this.#counter += 1;
    return `${this.#prefix}${this.#counter.toString(36)}.${wayHash}`;
  }

  /** The same request, answered again without a transaction, gets the same tag. */
  toTag(transactionKey: string): string {
    return this.#tagPrefix + fnv(FNV_OFFSET, transactionKey).toString(36);
  }

  isOwnTag(tag: string): boolean {
    return tag.startsWith(this.#tagPrefix);
  }

  /**
   * Has this very request been here before, on its way to the same place? A request that comes back with another
   * Request-URI or Route set spirals, which is how a server behind us sends it on to its receiver.
   */
  isLoop(request: SipRequest, wayHash: string): boolean {
    const { bytes, bodyStart } = request;
    let at = bytes.indexOf(this.#prefix, 0, "latin1");
    while (at >= 0 && at < bodyStart) {
      const end = Math.min(at + LONGEST_BRANCH, bodyStart);
      const branch = bytes.toString("latin1", at + this.#prefix.length, end);
      if (/^[0-9a-z]+\.([0-9a-z]+)/.exec(branch)?.[1] === wayHash) return true;
      at = bytes.indexOf(this.#prefix, at + 1, "latin1");
    }
    return false;
  }
}

const LONGEST_BRANCH = 64;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** What decides where a request goes from here; two requests with the same hash take the same way. */
export function wayHash(request: SipRequest, side: Side): string {
  let hash = fnv(FNV_OFFSET, side);
  hash = fnv(hash, request.requestUri);
  hash = fnv(hash, request.callId);
  hash = fnv(hash, String(request.cseq.number));
  for (let i = request.find(HeaderId.Route); i >= 0; i = request.find(HeaderId.Route, i + 1)) {
    hash = fnv(hash, request.valueAt(i));
  }
  return hash.toString(36);
}

/** FNV-1a, 32 bits: it has to be fast, not strong. */
function fnv(seed: number, text: string): number {
  let hash = seed;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  return hash >>> 0;
}

import { randomBytes } from "node:crypto";
import { detached } from "../base/detached.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { TopmostVia } from "../wire/sip/via.ts";
import type { Side } from "./seams.ts";

/**
 * Makes the branches of our own Via values: magic cookie, the salt of this process, a counter with 64 random bits behind it,
 * and a hash of what decides the way of the request, by which a loop is told from a spiral (RFC 3261 §16.6 step 8). The
 * random bits are what an answer proves itself by over UDP: whoever has seen one branch must not be able to tell the next.
 * Also the To tags of our own answers, recognisable by a salt of their own.
 */
export class BranchMaker {
  readonly #prefix: string = `z9hG4bK${salt()}`;
  readonly #tagPrefix: string = `sl${salt()}`;
  /** Random digits in hexadecimal, not yet used from `#randomAt` on. */
  #random = "";
  #randomAt = 0;
  #counter = 0;

  next(wayHash: string): string {
    this.#counter += 1;
    return detached(`${this.#prefix}${this.#counter}${this.#unguessable()}.${wayHash}`);
  }

  /** 64 bits in 16 digits; drawn from a pool, since one is needed for every message. */
  #unguessable(): string {
    if (this.#randomAt === this.#random.length) {
      this.#random = randomBytes(RANDOM_POOL).toString("hex");
      this.#randomAt = 0;
    }
    this.#randomAt += RANDOM_DIGITS;
    return this.#random.slice(this.#randomAt - RANDOM_DIGITS, this.#randomAt);
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
  isLoop(request: SipRequest, via: TopmostVia, wayHash: string): boolean {
    if (isOnlyVia(request, via) && via.branch?.startsWith(this.#prefix) !== true) return false;
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

/** Who sent it has had it from nobody. */
function isOnlyVia(request: SipRequest, { index, valueEnd }: TopmostVia): boolean {
  return (
    index >= 0 && valueEnd === request.valueEnd(index) && request.find(HeaderId.Via, index + 1) < 0
  );
}

/** Bytes of randomness that are drawn at a time. */
const RANDOM_POOL = 4096;
/** Of one branch, in hexadecimal: 64 bits. */
const RANDOM_DIGITS = 16;

function salt(): string {
  return randomBytes(6).readUIntBE(0, 6).toString(36).padStart(10, "0");
}

const LONGEST_BRANCH = 64;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Thirty bits are told in digits without a detour. */
const SMALL = 0x3fff_ffff;

/** What decides where a request goes from here; two requests with the same hash take the same way. */
export function wayHash(request: SipRequest, side: Side): string {
  let hash = fnv(FNV_OFFSET, side);
  hash = fnv(hash, request.requestUri);
  hash = fnv(hash, request.callId);
  hash = fnv(hash, String(request.cseq.number));
  for (let i = request.find(HeaderId.Route); i >= 0; i = request.find(HeaderId.Route, i + 1)) {
    hash = fnv(hash, request.valueAt(i));
  }
  return String(hash & SMALL);
}

/** FNV-1a, 32 bits: it has to be fast, not strong. */
function fnv(seed: number, text: string): number {
  let hash = seed;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  return hash >>> 0;
}

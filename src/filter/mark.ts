import { timingSafeEqual } from "node:crypto";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { contentDigest } from "./content-digest.ts";
import { createMac } from "../base/hmac.ts";

/**
 * The mark that a judged request bears towards the server, so that its second crossing on the way to the other client
 * is not a second judgement (DESIGN §4 "Crossings and identity").
 *
 * HMAC-SHA-256 over Call-ID, CSeq, From, To, the time and the digest of the outgoing content. It does not cover the
 * Request-URI, which the server replaces, and it is good for all forks. The proxy removes the field from whatever
 * comes in, so that clients neither see nor bring one.
 */
export interface Marks {
  /** The edit that adds the mark at the end of the head. `splices` are the other edits of the content. */
  add(request: SipRequest, splices: readonly Splice[], now: number): Splice;
  /** True when the request bears one mark of ours, young enough and for just this content. */
  isMarked(request: SipRequest, now: number): boolean;
}

/** As long as a transaction may last (RFC 3261: 64*T1 on either side). */
export const MARK_LIFETIME_MS = 64_000;

/** @param key Secret bytes, at most 64. */
export function createMarks(key: Buffer): Marks {
  const mac = createMac(key);

  function sign(request: SipRequest, splices: readonly Splice[], seconds: string): string {
    const { number, method } = request.cseq;
    // No value can hold a line end, so the parts cannot run into each other.
    const text =
      `${request.callId}\n${number} ${method}\n${request.value(HeaderId.From) ?? ""}\n` +
      `${request.value(HeaderId.To) ?? ""}\n${seconds}\n${contentDigest(request, splices)}`;
    return mac(Buffer.from(text, "latin1"));
  }

  return {
    add(request, splices, now) {
      const seconds = Math.floor(now / 1000).toString(36);
      const endOfHead = request.bodyStart - 2;
      const value = `1.${seconds}.${sign(request, splices, seconds)}`;
      return { start: endOfHead, end: endOfHead, bytes: `Sluice-Mark: ${value}\r\n` };
    },
    isMarked(request, now) {
      if (request.count(HeaderId.SluiceMark) !== 1) return false;
      const value = /^1\.([0-9a-z]{1,9})\.([\w-]{43})$/.exec(
        request.value(HeaderId.SluiceMark) ?? "",
      );
      const [, seconds = "", given = ""] = value ?? [];
      if (value === null) return false;
      const age = now - Number.parseInt(seconds, 36) * 1000;
      // A second of grace: the time in the mark is cut to seconds, and wall clocks are set back by small amounts.
      if (age > MARK_LIFETIME_MS || age < -1000) return false;
      return timingSafeEqual(Buffer.from(given), Buffer.from(sign(request, NONE, seconds)));
    },
  };
}

const NONE: readonly Splice[] = [];

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
  /**
   * The edit that adds the mark at the end of the head.
   *
   * @param digest Of the content as it goes out (`contentDigest`).
   * @param words A refusal for the second crossing to speak (signed-refusal.ts), base64url; undefined: it may pass.
   */
  add(request: SipRequest, digest: string, now: number, words?: string): Splice;
  /** What the one mark of ours says, young enough and for just this content; undefined when there is none such. */
  read(request: SipRequest, now: number): MarkReading | undefined;
}

/** What the first crossing has said of a request. */
export interface MarkReading {
  /** The refusal that the second crossing shall speak; undefined: it may pass. */
  readonly words: string | undefined;
}

/** As long as a transaction may last (RFC 3261: 64*T1 on either side). */
export const MARK_LIFETIME_MS = 64_000;

/** 1: judged, may pass. 2: judged and refused, with the words. */
const MARK = /^(?:1\.([0-9a-z]{1,9})|2\.([0-9a-z]{1,9})\.([\w-]{1,8000}))\.([\w-]{43})$/;

/** @param key Secret bytes, at most 64. */
export function createMarks(key: Buffer): Marks {
  const mac = createMac(key);

  function sign(request: SipRequest, digest: string, claim: string): string {
    const { number, method } = request.cseq;
    // No value can hold a line end, so the parts cannot run into each other.
    const text =
      `${request.callId}\n${number} ${method}\n${request.value(HeaderId.From) ?? ""}\n` +
      `${request.value(HeaderId.To) ?? ""}\n${claim}\n${digest}`;
    return mac(text);
  }

  return {
    add(request, digest, now, words) {
      const seconds = Math.floor(now / 1000).toString(36);
      const claim = words === undefined ? seconds : `${seconds}.${words}`;
      const endOfHead = request.bodyStart - 2;
      const value = `${words === undefined ? 1 : 2}.${claim}.${sign(request, digest, claim)}`;
      return { start: endOfHead, end: endOfHead, bytes: `Sluice-Mark: ${value}\r\n` };
    },
    read(request, now) {
      if (request.count(HeaderId.SluiceMark) !== 1) return undefined;
      const value = MARK.exec(request.value(HeaderId.SluiceMark) ?? "");
      if (value === null) return undefined;
      const [, passed, refused, words, given = ""] = value;
      const seconds = passed ?? refused ?? "";
      const age = now - Number.parseInt(seconds, 36) * 1000;
      // A second of grace: the time in the mark is cut to seconds, and wall clocks are set back by small amounts.
      if (age > MARK_LIFETIME_MS || age < -1000) return undefined;
      const claim = words === undefined ? seconds : `${seconds}.${words}`;
      const right = sign(request, contentDigest(request, NONE), claim);
      return timingSafeEqual(Buffer.from(given), Buffer.from(right)) ? { words } : undefined;
    },
  };
}

const NONE: readonly Splice[] = [];

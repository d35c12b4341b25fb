import { createHmac, timingSafeEqual } from "node:crypto";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { outgoingDigest } from "./content-digest.ts";

/**
 * The mark that a judged request bears towards the server, so that its second crossing on the way to the other client
 * is not a second judgement (DESIGN §4 "Crossings and identity").
 *
 * HMAC-SHA-256 over Call-ID, CSeq, From tag, the parties, the time and the digest of the outgoing content. It does not
 * cover the Request-URI, which the server replaces, and it is good for all forks. The proxy removes the field from
 * whatever comes in, so that clients neither see nor bring one.
 */
export const MARK_LIFETIME_MS = 64_000;

/** Adds the mark at the end of the head. `splices` are the other edits of the content. */
export function markSplice(
  key: Buffer,
  request: SipRequest,
  splices: readonly Splice[],
  now: number,
): Splice {
  const seconds = Math.floor(now / 1000).toString(36);
  const mac = sign(key, request, outgoingDigest(request, splices), seconds);
  const endOfHead = request.bodyStart - 2;
  return { start: endOfHead, end: endOfHead, bytes: `Sluice-Mark: 1.${seconds}.${mac}\r\n` };
}

/** True when the request bears one mark of ours, young enough and for just this content. */
export function bearsValidMark(key: Buffer, request: SipRequest, now: number): boolean {
  if (request.count(HeaderId.SluiceMark) !== 1) return false;
  const [version, seconds, mac, ...rest] = (request.value(HeaderId.SluiceMark) ?? "").split(".");
  if (version !== "1" || seconds === undefined || mac === undefined || rest.length > 0)
    return false;
  if (!/^[0-9a-z]{1,9}$/.test(seconds)) return false;
  const age = now - Number.parseInt(seconds, 36) * 1000;
  // A second of grace: the time in the mark is cut to seconds, and wall clocks are set back by small amounts.
  if (age > MARK_LIFETIME_MS || age < -1000) return false;
  const expected = Buffer.from(sign(key, request, outgoingDigest(request, []), seconds), "latin1");
  const given = Buffer.from(mac, "latin1");
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function sign(key: Buffer, request: SipMessage, digest: Buffer, seconds: string): string {
  const { number, method } = request.cseq;
  return createHmac("sha256", key)
    .update(
      [
        request.callId,
        `${number} ${method}`,
        request.value(HeaderId.From) ?? "",
        request.value(HeaderId.To) ?? "",
        seconds,
        "",
      ].join("\n"),
      "latin1",
    )
    .update(digest)
    .digest("base64url");
}

import { createHash } from "node:crypto";
import { detached } from "../base/detached.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { TopmostVia } from "../wire/sip/via.ts";

const MAGIC_COOKIE = "z9hG4bK";
/** A key is kept for as long as its transaction: what a peer made long is replaced by its digest. */
const LONGEST_KEY = 256;

/**
 * The key under which a request finds its server transaction (RFC 3261 §17.2.3): the top Via's branch and sent-by and
 * the method, where ACK counts as INVITE; without the magic cookie (RFC 2543, and "z9hG4bK" alone, RFC 4475 §3.2.1)
 * Request-URI, tags, Call-ID, CSeq and the top Via. The source address belongs to it, because clients behind address
 * translation share private sent-bys.
 *
 * @param method the method to look for when it is not the request's own: CANCEL and ACK look for their INVITE
 */
export function transactionKey(
  request: SipRequest,
  via: TopmostVia,
  sourceAddress: string,
  method: string = request.method,
): string {
  const { branch } = via;
  const sentBy = `${via.host.toLowerCase()}:${via.port ?? ""}`;
  const kind = method === "ACK" ? "INVITE" : method;
  const key =
    branch !== undefined && branch.length > MAGIC_COOKIE.length && hasCookie(branch)
      ? `${branch} ${sentBy} ${sourceAddress} ${kind}`
      : oldKey(request, via, sourceAddress, kind);
  return key.length > LONGEST_KEY
    ? createHash("sha256").update(key).digest("base64url")
    : detached(key);
}

function hasCookie(branch: string): boolean {
  return branch.startsWith(MAGIC_COOKIE) || branch.slice(0, 7).toLowerCase() === "z9hg4bk";
}

/**
 * The To tag belongs to the key but for INVITE: its ACK carries the tag of our answer. That the ACK means this very
 * answer follows from CSeq and Call-ID.
 */
function oldKey(request: SipRequest, via: TopmostVia, sourceAddress: string, kind: string): string {
  const topVia = request.bytes.toString("latin1", via.valueStart, via.valueEnd);
  const toTag = kind === "INVITE" || kind === "CANCEL" ? "" : (request.toTag ?? "");
  return [
    "2543",
    request.requestUri,
    toTag,
    request.fromTag ?? "",
    request.callId,
    String(request.cseq.number),
    topVia,
    sourceAddress,
    kind,
  ].join(" ");
}

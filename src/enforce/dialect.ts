import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";

/** Whose refusals the sender's client understands: Live Communications Server's family, or everybody else's. */
export type Dialect = "lcs" | "standard";

const INVITATION_TYPE = /x-msmsgsinvite/i;
const EPID = /;\s*epid\s*=/i;
const LCS_MEDIA = /^m=(?:x-ms-message |message [^\r\n]*\bsip null)/im;

/**
 * COMPAT(LCS 2005 to Skype for Business): these clients show a policy text for 606 with Warning 309 and leave a file
 * invitation pending unless the answer carries its cookie; other clients expect 403.
 */
export function dialectOf(request: SipMessage): Dialect {
  if (request.find(HeaderId.MsTextFormat) >= 0) return "lcs";
  if (EPID.test(request.value(HeaderId.From) ?? "")) return "lcs";
  const type = request.value(HeaderId.ContentType) ?? "";
  if (INVITATION_TYPE.test(type)) return "lcs";
  if (/^multipart\//i.test(type) && INVITATION_TYPE.test(request.body.toString("latin1")))
    return "lcs";
  if (/^application\/sdp/i.test(type) && LCS_MEDIA.test(request.body.toString("latin1")))
    return "lcs";
  return "standard";
}

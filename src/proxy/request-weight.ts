import { mostDecoded } from "../base/most-decoded.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";

/** The bytes that a request may take while it is under way: a body that came encoded is decoded and leaves so. */
export function weightOf(request: SipRequest): number {
  const { bytes, bodyStart } = request;
  if (request.find(HeaderId.ContentEncoding) < 0) return bytes.length;
  return bytes.length + mostDecoded(bytes.length - bodyStart);
}

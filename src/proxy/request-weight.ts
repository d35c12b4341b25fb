import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";

/** How far a body with a Content-Encoding is decoded at most (wire/mime/content-encoding.ts). */
const MAX_DECODED = 1024 * 1024;
const MAX_RATIO = 100;

/** The bytes that a request may take while it is under way: a body that came encoded is decoded and leaves so. */
export function weightOf(request: SipRequest): number {
  const { bytes, bodyStart } = request;
  if (request.find(HeaderId.ContentEncoding) < 0) return bytes.length;
  return bytes.length + Math.min(MAX_DECODED, (bytes.length - bodyStart) * MAX_RATIO);
}

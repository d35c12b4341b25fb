import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { withContentLength } from "./content-length.ts";

/** Fields that describe the body; Content-Type and Content-Length are dealt with by themselves. */
const DESCRIBES_CONTENT = /^(?:content-(?!type$|length$)|e$|ms-text-format$)/i;
const PLAIN = "text/plain;charset=UTF-8";

/**
 * Takes everything out of a request that its receiver would be shown or offered, and leaves the rest as it is. A MESSAGE
 * then says `text` instead, for whoever may get it; anything else has no body any more.
 */
export function removeContent(request: SipRequest, text: string): readonly Splice[] {
  const splices: Splice[] = [];
  const type = request.find(HeaderId.ContentType);
  // Without the field nobody could tell what the text is, and one cannot be added to what a digest is made of.
  const says = request.method === "MESSAGE" && type >= 0 ? Buffer.from(text, "utf8") : "";
  for (let i = 0; i < request.headerCount; i += 1) {
    if (i === type && says !== "") {
      splices.push({ start: request.valueStart(i), end: request.valueEnd(i), bytes: PLAIN });
    } else if (i === type || DESCRIBES_CONTENT.test(request.nameAt(i))) {
      splices.push({ start: request.lineStart(i), end: request.lineEnd(i), bytes: "" });
    }
  }
  splices.push({ start: request.bodyStart, end: request.bytes.length, bytes: says });
  return withContentLength(request, splices);
}

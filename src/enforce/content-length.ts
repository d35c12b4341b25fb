import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";

/**
 * Adds the Content-Length that goes with edits of the body. Edits outside the body do not count.
 * A message without the field gets none here: over UDP it may do without, and the proxy adds it for a stream.
 */
export function withContentLength(message: SipMessage, splices: readonly Splice[]): Splice[] {
  let change = 0;
  for (const splice of splices) {
    if (splice.start >= message.bodyStart)
      change += splice.bytes.length - (splice.end - splice.start);
  }
  const index = message.find(HeaderId.ContentLength);
  if (change === 0 || index < 0) return [...splices];
  const length = message.bytes.length - message.bodyStart + change;
  return [
    { start: message.valueStart(index), end: message.valueEnd(index), bytes: String(length) },
    ...splices,
  ];
}

import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";

/** Adds edits that remove every field `id`, whole lines. */
function removeFields(message: SipMessage, id: HeaderId, splices: Splice[]): void {
  for (let i = message.find(id); i >= 0; i = message.find(id, i + 1)) {
    splices.push({ start: message.lineStart(i), end: message.lineEnd(i), bytes: "" });
  }
}

/** The edits that take the body away from a message which cannot be refused. */
export function removeBody(message: SipMessage): readonly Splice[] {
  if (message.bodyStart === message.bytes.length) return [];
  const splices: Splice[] = [{ start: message.bodyStart, end: message.bytes.length, bytes: "" }];
  removeFields(message, HeaderId.ContentType, splices);
  removeFields(message, HeaderId.ContentEncoding, splices);
  const length = message.find(HeaderId.ContentLength);
  if (length >= 0) {
    splices.push({ start: message.valueStart(length), end: message.valueEnd(length), bytes: "0" });
  }
  return splices;
}

/**
 * A datagram may do without Content-Length, a stream may not (RFC 3261 §18.3): the edit that adds a missing one before
 * the blank line of what leaves over a stream. `edits` are the filter's, which may have changed the body's size.
 */
export function contentLengthForStream(
  message: SipMessage,
  edits: readonly Splice[],
): readonly Splice[] {
  if (message.contentLengthPresent) return [];
  let length = message.bytes.length - message.bodyStart;
  for (const edit of edits) {
    if (edit.start >= message.bodyStart) length += edit.bytes.length - (edit.end - edit.start);
  }
  const at = message.bodyStart - 2;
  return [{ start: at, end: at, bytes: `Content-Length: ${length}\r\n` }];
}

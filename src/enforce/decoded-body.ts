import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";
import { withContentLength } from "./content-length.ts";

/**
 * The edits of a message as edits of what came. A body that came with a Content-Encoding leaves without it, decoded as it was
 * read, edited or not (decision 036); any other body gets its edits where they stand, and a right Content-Length.
 * @param decoded `Inspection.decoded`; the edits' offsets are offsets in it.
 */
export function onDecodedBody(
  message: SipMessage,
  decoded: Buffer | undefined,
  splices: readonly Splice[],
): readonly Splice[] {
  if (decoded === undefined) return withContentLength(message, splices);
  const { bodyStart } = message;
  const inBody = splices
    .filter(({ start }) => start >= bodyStart)
    .map(({ start, end, bytes }) => ({ start: start - bodyStart, end: end - bodyStart, bytes }));
  const body = applySplices(decoded.subarray(bodyStart), inBody);
  return withContentLength(message, [
    ...splices.filter(({ start }) => start < bodyStart),
    ...withoutField(message, HeaderId.ContentEncoding),
    { start: bodyStart, end: message.bytes.length, bytes: body },
  ]);
}

/** The edits that remove a field, whole lines. */
export function withoutField(message: SipMessage, id: HeaderId): readonly Splice[] {
  const field = message.find(id);
  if (field < 0) return [];
  return [{ start: message.lineStart(field), end: message.lineEnd(field), bytes: "" }];
}

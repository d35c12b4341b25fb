import { HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import type { Splice } from "./splice.ts";

/** Fields that decide what a message says or who says it: a reader that knows no folding must see their whole value. */
const UNFOLDED: ReadonlySet<HeaderId> = new Set<HeaderId>([
  HeaderId.ContentType,
  HeaderId.ContentDisposition,
  HeaderId.ContentEncoding,
  HeaderId.From,
  HeaderId.To,
  HeaderId.CallId,
  HeaderId.CSeq,
  HeaderId.MsTextFormat,
]);

const NONE: readonly Splice[] = [];

/**
 * Edits that remove what two readers might read differently although it is legal: blanks before a colon, and folds in the
 * fields above. Everything else stays as it came. Edits that would touch the range of one of `others` (a
 * field that is being replaced or removed) are left out, so that both lists can be applied together.
 */
export function canonicalSplices(
  message: SipMessage,
  others: readonly Splice[] = NONE,
): readonly Splice[] {
  if (!message.irregular) return NONE;
  const splices: Splice[] = [];
  for (let i = 0; i < message.headerCount; i++) {
    const nameEnd = message.lineStart(i) + message.nameAt(i).length;
    const colon = message.bytes.indexOf(58, nameEnd);
    if (colon > nameEnd) splices.push({ start: nameEnd, end: colon, bytes: "" });
    if (message.foldedAt(i) && UNFOLDED.has(message.idAt(i))) {
      unfold(message, i, colon + 1, splices);
    }
  }
  return splices.filter(
    (splice) => !others.some((other) => other.start < splice.end && splice.start < other.end),
  );
}

/** Each line break of the value, with the blanks around it, becomes one blank. */
function unfold(message: SipMessage, i: number, from: number, splices: Splice[]): void {
  const { bytes } = message;
  const end = message.lineEnd(i) - 2;
  let p = bytes.indexOf(13, from);
  while (p >= 0 && p < end) {
    let start = p;
    while (start > from && isBlank(bytes[start - 1])) start--;
    p += 2;
    while (p < end && isBlank(bytes[p])) p++;
    splices.push({ start, end: p, bytes: " " });
    p = bytes.indexOf(13, p);
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

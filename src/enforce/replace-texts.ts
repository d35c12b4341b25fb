import type { TextPlace } from "../inspect/inspection.ts";
import { encodeTransfer } from "../wire/mime/transfer-encoding.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { onDecodedBody } from "./decoded-body.ts";

/** A text that is to stand where another stood; `bytes` are in its charset, not yet in the transfer encoding. */
export interface Replacement {
  readonly place: TextPlace;
  readonly bytes: Buffer;
}

/**
 * Writes texts back where they stood, re-encoded, and makes every Content-Length right that counts them.
 * @param decoded `Inspection.decoded`, in which they stand.
 */
export function replaceTexts(
  message: SipMessage,
  decoded: Buffer | undefined,
  replacements: readonly Replacement[],
): readonly Splice[] {
  const splices: Splice[] = [];
  const grown: LengthChange[] = [];
  for (const { place, bytes } of replacements) {
    const encoded = encodeAt(place, bytes);
    splices.push({ start: place.start, end: place.end, bytes: encoded });
    grown.push(...lengthChanges(place, encoded.length - (place.end - place.start)));
  }
  const lengths = innerLengths(decoded ?? message.bytes, grown);
  return onDecodedBody(message, decoded, [...splices, ...lengths]);
}

function encodeAt(place: TextPlace, bytes: Buffer): Buffer {
  // A header value has no lines to break: `ms-body` is one run of base64.
  if (place.carrier === "ms-text-format") return Buffer.from(bytes.toString("base64"), "latin1");
  return encodeTransfer(bytes, place.transferEncoding);
}

/** A Content-Length inside the body (CPIM, a part's own) that the growth of one text changes. */
interface LengthChange {
  readonly start: number;
  readonly end: number;
  readonly by: number;
}

function lengthChanges(place: TextPlace, by: number): readonly LengthChange[] {
  return (place.lengthFields ?? []).map(({ start, end }) => ({ start, end, by }));
}

/** Several texts may stand in one enclosing part: its length changes by the sum. */
function innerLengths(content: Buffer, changes: readonly LengthChange[]): readonly Splice[] {
  const sums = new Map<number, LengthChange>();
  for (const change of changes) {
    const before = sums.get(change.start)?.by ?? 0;
    sums.set(change.start, { ...change, by: before + change.by });
  }
  return [...sums.values()].map(({ start, end, by }) => {
    const declared = Number(content.toString("latin1", start, end));
    return { start, end, bytes: String(declared + by) };
  });
}

import type { Inspection, LengthChange, TextPlace } from "../inspect/inspection.ts";
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
 * Writes texts back where they stood, re-encoded, and makes every Content-Length right that counts them or was wrong.
 * @param read What was read; offsets of the edits are offsets in what it was read in.
 */
export function replaceTexts(
  message: SipMessage,
  read: Pick<Inspection, "decoded" | "wrongLengths">,
  replacements: readonly Replacement[],
): readonly Splice[] {
  const splices: Splice[] = [];
  const grown: LengthChange[] = [...read.wrongLengths];
  for (const { place, bytes } of replacements) {
    const encoded = encodeAt(place, bytes);
    splices.push({ start: place.start, end: place.end, bytes: encoded });
    grown.push(...lengthChanges(place, encoded.length - (place.end - place.start)));
  }
  const lengths = innerLengths(read.decoded ?? message.bytes, grown);
  return onDecodedBody(message, read.decoded, [...splices, ...lengths]);
}

function encodeAt(place: TextPlace, bytes: Buffer): Buffer {
  // A header value has no lines to break: `ms-body` is one run of base64.
  if (place.carrier === "ms-text-format") return Buffer.from(bytes.toString("base64"), "latin1");
  return encodeTransfer(bytes, place.transferEncoding);
}

function lengthChanges(place: TextPlace, by: number): readonly LengthChange[] {
  const fields = place.lengthFields ?? [];
  return fields.map(({ start, end }, i) => ({ start, end, by, around: fields.slice(0, i) }));
}

/**
 * Several texts may stand in one enclosing part: its length changes by the sum. A length that gets more digits changes those
 * around it, which stand before it.
 */
function innerLengths(content: Buffer, changes: readonly LengthChange[]): readonly Splice[] {
  const sums = new Map<number, LengthChange>();
  const add = (change: LengthChange): void => {
    const before = sums.get(change.start)?.by ?? 0;
    sums.set(change.start, { ...change, by: before + change.by });
  };
  for (const change of changes) {
    add(change);
    for (const [i, field] of change.around.entries())
      add({ ...field, by: 0, around: change.around.slice(0, i) });
  }
  const splices: Splice[] = [];
  for (const at of [...sums.keys()].sort((a, b) => b - a)) {
    const { start, end, by, around } = sums.get(at) as LengthChange;
    if (by === 0) continue;
    const bytes = String(Number(content.toString("latin1", start, end)) + by);
    splices.push({ start, end, bytes });
    const digits = bytes.length - (end - start);
    for (const [i, field] of around.entries())
      add({ ...field, by: digits, around: around.slice(0, i) });
  }
  return splices;
}

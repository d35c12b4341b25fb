import { hash } from "node:crypto";
import { HeaderId, type HeaderId as HeaderIdType } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";

/** Fields that say how the body is to be read; Content-Length is not among them, because hops add it. */
const CONTENT_FIELDS: readonly HeaderIdType[] = [
  HeaderId.ContentType,
  HeaderId.ContentEncoding,
  HeaderId.ContentTransferEncoding,
  HeaderId.ContentDisposition,
  HeaderId.MsTextFormat,
];

/**
 * SHA-256, hex, over what a receiver would show once the splices are applied: the body, its Content-* fields and
 * ms-text-format, those that stand twice as well. Folds and blanks around values do not count, since servers on the way may change them.
 * The message is not read again: edits are applied to the pieces that they touch.
 */
export function contentDigest(message: SipMessage, splices: readonly Splice[]): string {
  let fields = "";
  for (const id of CONTENT_FIELDS) {
    for (let i = message.find(id); i >= 0; i = message.find(id, i + 1)) {
      if (!isRemoved(message, i, splices)) fields += `${id}:${valueOf(message, i, splices)}\n`;
    }
  }
  const edits = within(splices, message.bodyStart, message.bytes.length);
  const body = applySplices(message.body, edits);
  const size = fields.length + 1 + body.length;
  const room = size <= scratch.length ? scratch : Buffer.allocUnsafe(size);
  const start = room.write(`${fields}\n`, "latin1");
  body.copy(room, start);
  return hash("sha256", room.subarray(0, size), "hex");
}

/** What is hashed is put together here where it has room: most messages are short. */
const scratch: Buffer = Buffer.alloc(8192);

function isRemoved(message: SipMessage, index: number, splices: readonly Splice[]): boolean {
  const start = message.lineStart(index);
  const end = message.lineEnd(index);
  return splices.some((splice) => splice.start <= start && splice.end >= end);
}

function valueOf(message: SipMessage, index: number, splices: readonly Splice[]): string {
  const start = message.valueStart(index);
  const end = message.valueEnd(index);
  const edits = within(splices, start, end);
  if (edits.length === 0) return message.valueAt(index);
  return applySplices(message.bytes.subarray(start, end), edits).toString("latin1");
}

const NONE: readonly Splice[] = [];

function within(splices: readonly Splice[], start: number, end: number): readonly Splice[] {
  if (splices.length === 0) return NONE;
  return splices
    .filter((splice) => splice.start >= start && splice.end <= end)
    .map((splice) => ({ ...splice, start: splice.start - start, end: splice.end - start }));
}

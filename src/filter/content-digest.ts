import { createHash } from "node:crypto";
import { HeaderId, type HeaderId as HeaderIdType } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";

/** Fields that say how the body is to be read; Content-Length is not among them, because hops add it. */
const CONTENT_FIELDS: readonly HeaderIdType[] = [
  HeaderId.ContentType,
  HeaderId.ContentEncoding,
  HeaderId.ContentDisposition,
  HeaderId.MsTextFormat,
];

/**
 * SHA-256 over what a receiver would show: the body, its Content-* fields and ms-text-format. Folds and blanks around
 * values do not count, since servers on the way may change them.
 */
export function contentDigest(message: SipMessage): Buffer {
  const hash = createHash("sha256");
  for (const id of CONTENT_FIELDS) {
    const value = message.value(id);
    if (value !== undefined) hash.update(`${id}:${value}\n`, "latin1");
  }
  return hash.update("\n").update(message.body).digest();
}

/** The digest that `message` will have once the splices are applied, without reading it again. */
export function outgoingDigest(message: SipMessage, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return contentDigest(message);
  const hash = createHash("sha256");
  for (const id of CONTENT_FIELDS) {
    const index = message.find(id);
    if (index < 0) continue;
    const start = message.valueStart(index);
    const end = message.valueEnd(index);
    const inside = within(splices, start, end);
    const value =
      inside.length === 0
        ? message.valueAt(index)
        : applySplices(message.bytes.subarray(start, end), inside).toString("latin1");
    hash.update(`${id}:${value}\n`, "latin1");
  }
  const body = within(splices, message.bodyStart, message.bytes.length);
  return hash.update("\n").update(applySplices(message.body, body)).digest();
}

function within(splices: readonly Splice[], start: number, end: number): readonly Splice[] {
  return splices
    .filter((splice) => splice.start >= start && splice.end <= end)
    .map((splice) => ({ ...splice, start: splice.start - start, end: splice.end - start }));
}

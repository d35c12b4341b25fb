import { canonicalSplices } from "../wire/sip/canonical.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipResponse } from "../wire/sip/message.ts";
import { splitValues } from "../wire/sip/name-addr.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";
import { contentLengthForStream } from "./message-edits.ts";
import { removeTrustedFields } from "./trusted-fields.ts";

/** Where a response goes, and what its sender is worth. */
export interface ResponseWay {
  /** A stream cannot do without Content-Length. */
  readonly overStream: boolean;
  /** Its sender is the server, or a trusted client. */
  readonly keepIdentity: boolean;
}

/**
 * A response on its way back (RFC 3261 §16.7 steps 3 and 9): our Via value comes off, and nothing else changes but
 * what the filter asks for. Our mark never leaves the gateway in a response,
 * nor does what an untrusted client asserts of itself.
 */
export function forwardedResponse(
  response: SipResponse,
  edits: readonly Splice[],
  { overStream, keepIdentity }: ResponseWay,
): Buffer {
  const splices: Splice[] = [popVia(response)];
  if (overStream) splices.push(...contentLengthForStream(response, edits));
  removeTrustedFields(response, keepIdentity, splices);
  for (const edit of edits) splices.push(edit);
  // What two readers could take in two ways ("Content-Length :") leaves in one form, as in requests.
  for (const splice of canonicalSplices(response, splices)) splices.push(splice);
  return applySplices(response.bytes, splices);
}

/** The first value of the first Via field is ours; several may share the field. */
function popVia(response: SipResponse): Splice {
  const via = response.find(HeaderId.Via);
  const start = response.valueStart(via);
  const comma = response.bytes.indexOf(COMMA, start);
  const second = comma < response.valueEnd(via) ? splitValues(response, via)[1] : undefined;
  return comma < 0 || second === undefined
    ? { start: response.lineStart(via), end: response.lineEnd(via), bytes: "" }
    : { start, end: second.start, bytes: "" };
}

const COMMA = 0x2c;

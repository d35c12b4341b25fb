import { ok, type Result } from "../base/result.ts";
import { decodeContent, isPlainContent } from "../wire/mime/content-encoding.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { InspectProblem } from "./inspection.ts";

/** Has the message a body that is not the content itself? */
export function isEncoded(message: SipMessage): boolean {
  const field = message.find(HeaderId.ContentEncoding);
  if (field < 0 || message.bodyStart === message.bytes.length) return false;
  return !isPlainContent(message.valueAt(field));
}

/**
 * A message's bytes with its body decoded: the head as it came, and so are offsets into it. Undefined: the body is not encoded,
 * or there is none. The codec lets a message have one Content-Encoding only.
 */
export function decodedBytes(message: SipMessage): Result<Buffer | undefined, InspectProblem> {
  if (!isEncoded(message)) return ok(undefined);
  const body = decodeContent(message.body, message.value(HeaderId.ContentEncoding));
  if (!body.ok) return body;
  return ok(Buffer.concat([message.bytes.subarray(0, message.bodyStart), body.value]));
}

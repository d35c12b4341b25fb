import { HeaderId } from "../wire/sip/header-names.ts";
import type { MediaLine } from "../inspect/inspection.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { withContentLength } from "./content-length.ts";

/**
 * Closes media lines by writing port 0 (RFC 3264 §6), for messages that cannot be refused: responses and ACK.
 */
export function closeMedia(message: SipMessage, lines: readonly MediaLine[]): readonly Splice[] {
  const splices = lines
    .filter((line) => line.port !== 0)
    .map((line) => ({ start: line.portStart, end: line.portEnd, bytes: "0" }));
  return withContentLength(message, splices);
}

/** Takes the body away from a message that cannot be refused and cannot be understood either. */
export function dropBody(message: SipMessage): readonly Splice[] {
  if (message.bodyStart === message.bytes.length) return [];
  const body = { start: message.bodyStart, end: message.bytes.length, bytes: "" };
  const type = message.find(HeaderId.ContentType);
  const header =
    type < 0 ? [] : [{ start: message.lineStart(type), end: message.lineEnd(type), bytes: "" }];
  return [...header, ...withContentLength(message, [body])];
}

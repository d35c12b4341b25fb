import { HeaderId } from "../wire/sip/header-names.ts";
import type { MediaLine } from "../inspect/inspection.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { withContentLength } from "./content-length.ts";
import { withoutField } from "./decoded-body.ts";
import { replaceTexts, type Replacement } from "./replace-texts.ts";
import { closing } from "./strip-media.ts";

/**
 * Closes media lines by writing port 0 (RFC 3264 §6), for messages that cannot be refused: responses and ACK.
 * @param decoded `Inspection.decoded`, in which the lines stand.
 * @param stripped What is taken out of lines that stay (strip-media.ts).
 */
export function closeMedia(
  message: SipMessage,
  decoded: Buffer | undefined,
  lines: readonly MediaLine[],
  stripped: readonly Replacement[],
): readonly Splice[] {
  const closed = lines.filter((line) => line.port !== 0).map((line) => closing(line));
  return replaceTexts(message, { decoded, wrongLengths: [] }, [...closed, ...stripped]);
}

/** Takes the body away from a message that cannot be refused and cannot be understood either. */
export function dropBody(message: SipMessage): readonly Splice[] {
  if (message.bodyStart === message.bytes.length) return [];
  const body = { start: message.bodyStart, end: message.bytes.length, bytes: "" };
  return [
    ...withoutField(message, HeaderId.ContentType),
    ...withoutField(message, HeaderId.ContentEncoding),
    ...withContentLength(message, [body]),
  ];
}

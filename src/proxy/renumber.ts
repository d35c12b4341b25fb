import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";

/** CSeq numbers are below 2^31 (RFC 3261 §8.1.1.5). */
export const HIGHEST_CSEQ = 0x7fff_ffff;

/** The edit that gives a message another CSeq number, as text; the method and the blanks keep their bytes. */
export function cseqSplice(message: SipMessage, number: string): Splice {
  const start = message.valueStart(message.find(HeaderId.CSeq));
  return { start, end: start + cseqDigits(message).length, bytes: number };
}

/** The CSeq number as it was written, leading zeros included. */
export function cseqDigits(message: SipMessage): string {
  return /^\d+/.exec(message.value(HeaderId.CSeq) ?? "")?.[0] ?? "";
}

/** The CSeq number that a PRACK speaks of (RFC 3262 §7.2: RSeq, CSeq number, method), and where it stands. */
export interface AcknowledgedNumber {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** Undefined where there is no RAck that can be read. */
export function acknowledgedNumber(request: SipRequest): AcknowledgedNumber | undefined {
  const i = request.method === "PRACK" ? request.findName("rack") : -1;
  if (i < 0) return undefined;
  const start = request.valueStart(i);
  const match = /^(\d{1,10}\s+)(\d{1,10})\s+\S+$/.exec(request.textOf(start, request.valueEnd(i)));
  if (match === null) return undefined;
  const [, before = "", digits = ""] = match;
  const from = start + before.length;
  return { number: Number(digits), start: from, end: from + digits.length };
}

import { TOKEN, isLinearSpace, readDigits, skipSpace } from "./char-classes.ts";
import type { SipMessage } from "./message.ts";

/** RFC 3261 §20.16. */
export interface CSeq {
  /** 0 to 2^31 - 1. */
  readonly number: number;
  readonly method: string;
}

/** Where the method of a CSeq value begins when the value is well formed, else -1. The method then ends with the value. */
export function cseqMethodStart(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end && !isLinearSpace(bytes[p])) p++;
  const number = readDigits(bytes, start, p);
  if (number < 0 || number > 0x7fff_ffff) return -1;
  const methodStart = skipSpace(bytes, p, end);
  for (p = methodStart; p < end; p++) if (TOKEN[bytes[p] as number] !== 1) return -1;
  return methodStart < end ? methodStart : -1;
}

/** Reads field `i` as CSeq: a number below 2^31, blanks, a method. Undefined for anything else. */
export function readCSeq(message: SipMessage, i: number): CSeq | undefined {
  const { bytes } = message;
  const start = message.valueStart(i);
  const end = message.valueEnd(i);
  const methodStart = cseqMethodStart(bytes, start, end);
  if (methodStart < 0) return undefined;
  let p = start;
  while (!isLinearSpace(bytes[p])) p++;
  return { number: readDigits(bytes, start, p), method: message.textOf(methodStart, end) };
}

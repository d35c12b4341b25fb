import { cseqMethodStart } from "./cseq.ts";
import { readDigits } from "./char-classes.ts";
import { HeaderId } from "./header-names.ts";
import { isNameAddr } from "./name-addr.ts";
import type { SipProblemCode } from "./problem.ts";
import { STRIDE, type HeadScan } from "./scan-head.ts";
import type { StartLine } from "./start-line.ts";
import { beginsWithVia } from "./via.ts";

/** Fields without which nothing can be routed, matched or answered (RFC 3261 §8.1.1; Max-Forwards came later than RFC 2543). */
const MANDATORY: number =
  (1 << HeaderId.Via) |
  (1 << HeaderId.From) |
  (1 << HeaderId.To) |
  (1 << HeaderId.CallId) |
  (1 << HeaderId.CSeq);

/** What is wrong with a head whose lines and framing are right; undefined: nothing that the codec looks at. */
export function checkHead(
  bytes: Buffer,
  start: number,
  head: HeadScan,
  line: StartLine,
): SipProblemCode | undefined {
  if (head.duplicate !== HeaderId.Other) return "duplicate-header";
  if ((head.seen & MANDATORY) !== MANDATORY) return "missing-header";
  const { table } = head;
  let at = rowOf(head, HeaderId.Via);
  if (!beginsWithVia(bytes, start + table[at + 1]!, start + table[at + 2]!)) return "bad-via";
  at = rowOf(head, HeaderId.From);
  if (!isNameAddr(bytes, start + table[at + 1]!, start + table[at + 2]!)) return "bad-from";
  at = rowOf(head, HeaderId.To);
  if (!isNameAddr(bytes, start + table[at + 1]!, start + table[at + 2]!)) return "bad-to";
  at = rowOf(head, HeaderId.CallId);
  if (!isCallId(bytes, start + table[at + 1]!, start + table[at + 2]!)) return "bad-call-id";
  at = rowOf(head, HeaderId.CSeq);
  const cseqEnd = start + table[at + 2]!;
  const method = cseqMethodStart(bytes, start + table[at + 1]!, cseqEnd);
  if (method < 0) return "bad-cseq";
  if (!line.isResponse && !equalRanges(bytes, start, line.methodEnd, method, cseqEnd)) {
    return "cseq-method-mismatch";
  }
  if ((head.seen & (1 << HeaderId.MaxForwards)) === 0) return undefined;
  at = rowOf(head, HeaderId.MaxForwards);
  const hops = readDigits(bytes, start + table[at + 1]!, start + table[at + 2]!);
  return hops < 0 || hops > 255 ? "bad-max-forwards" : undefined;
}

/** Where the table has the first field of that number. */
function rowOf(head: HeadScan, id: number): number {
  return head.first[id]! * STRIDE;
}

/** RFC 3261 §25.1 word ["@" word]: what matters is that it is not empty and holds no blank or control. */
function isCallId(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) {
    const byte = bytes[p] as number;
    if (byte <= 32 || byte === 127) return false;
  }
  return end > start;
}

function equalRanges(
  bytes: Buffer,
  start: number,
  length: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (otherEnd - otherStart !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== bytes[otherStart + i]) return false;
  return true;
}

/**
 * The one reader of SIP messages (RFC 3261 §7, §18.3), for datagrams and for streams (framer.ts calls the same
 * function), so that no two parts of the program can disagree on where a message ends.
 * It accepts what has exactly one reading, everything else is a named problem: the strictness of a filter.
 * Does not judge: unknown schemes, methods and header fields pass; bodies are not looked at.
 * Limits: head bytes, number of fields, body bytes, all given by the caller.
 */
import { failed, ok, type Result } from "../../base/result.ts";
import { readDigits } from "./char-classes.ts";
import { checkHead } from "./check-head.ts";
import { HeaderId } from "./header-names.ts";
import { SipRequest, SipResponse, type AnySipMessage } from "./message.ts";
import type { SipProblem, SipProblemCode } from "./problem.ts";
import { FOLDED, HeadScan, STRIDE } from "./scan-head.ts";
import { StartLine } from "./start-line.ts";

/** How much of a message is borne. */
export interface SipLimits {
  /** Start line, header fields and blank line together. */
  readonly maxHeadBytes: number;
  readonly maxHeaderCount: number;
  readonly maxBodyBytes: number;
}

/** What stands at the start of some bytes. */
export interface Reading {
  /** Undefined: the message is not all there yet (streams only). */
  readonly outcome: Result<AnySipMessage, SipProblem> | undefined;
  /** Offset after the message; of an unfinished one the offset that is needed at least. */
  readonly end: number;
  /** Where the next message would begin is not certain: a stream cannot go on. */
  readonly fatal: boolean;
}

/** How `readMessage` treats the bytes that it is given. */
export interface Source {
  /** The message is framed by Content-Length alone; otherwise by the end of the datagram. */
  readonly stream: boolean;
  /** Nothing may follow the message (a WebSocket message); a datagram's rest is cut off instead. */
  readonly alone?: boolean;
  /** Makes the bytes from `start` to `end` the message's own (a view or a copy). */
  take(bytes: Buffer, start: number, end: number): Buffer;
}

const ABSENT = -1;
const UNREADABLE = -2;
const head: HeadScan = new HeadScan();
const line: StartLine = new StartLine();

/** A datagram's memory is the datagram's own (node:dgram allocates one per datagram), so views of it are kept. */
const DATAGRAM: Source = {
  stream: false,
  take: (bytes, start, end) =>
    start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
};

/**
 * Reads a datagram as one message. Leading line ends are skipped; what follows a body of the declared length is cut off
 * (RFC 3261 §18.3); without Content-Length the body is the rest. Keeps a view of `bytes`, which the caller gives away.
 *
 * @example parseDatagram(datagram, limits) // { ok: true, value: SipRequest } or { ok: false, problem: { code, … } }
 */
export function parseDatagram(bytes: Buffer, limits: SipLimits): Result<AnySipMessage, SipProblem> {
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) start++;
  if (start === bytes.length || isPadding(bytes, start)) return failed(problemOf("keepalive"));
  const { outcome } = readMessage(bytes, start, limits, DATAGRAM);
  return outcome ?? failed(problemOf("incomplete-head"));
}

/** Reads the message that begins at `start`. */
export function readMessage(
  bytes: Buffer,
  start: number,
  limits: SipLimits,
  source: Source,
): Reading {
  const available = bytes.length - start;
  const headLimit = Math.min(available, limits.maxHeadBytes);
  head.scan(bytes, start, start + headLimit, limits.maxHeaderCount);
  if (!head.complete) {
    if (source.stream && available < limits.maxHeadBytes) return unfinished(bytes.length + 1);
    const code = available < limits.maxHeadBytes ? "incomplete-head" : "head-too-large";
    line.read(bytes, start, start + head.startLineEnd);
    return refused(code, bytes, start, source);
  }
  const bodyStart = start + head.bodyStart;
  const lineFault = line.read(bytes, start, start + head.startLineEnd);
  const declared = declaredLength(bytes, start);
  const framing =
    head.fault ?? lineFramingFault(lineFault) ?? framingFault(declared, limits, source);
  if (framing !== undefined) return refused(framing, bytes, start, source);
  const end = declared === ABSENT ? bytes.length : bodyStart + declared;
  if (end > bytes.length && source.stream) return unfinished(end);
  const code =
    lengthFault(bytes, end, source) ??
    (end - bodyStart > limits.maxBodyBytes ? "body-too-large" : undefined) ??
    (head.tooMany ? "too-many-headers" : undefined) ??
    lineFault ??
    checkHead(bytes, start, head, line);
  if (code !== undefined) return { ...refused(code, bytes, start, source), end, fatal: false };
  const own = source.take(bytes, start, end);
  const message = line.isResponse
    ? new SipResponse(own, head, line)
    : new SipRequest(own, head, line);
  return { outcome: ok(message), end, fatal: false };
}

/** The value of Content-Length; ABSENT, or UNREADABLE for one that is not a plain run of digits on one line. */
function declaredLength(bytes: Buffer, start: number): number {
  if ((head.seen & (1 << HeaderId.ContentLength)) === 0) return ABSENT;
  const at = (head.first[HeaderId.ContentLength] as number) * STRIDE;
  if (((head.table[at + 3] as number) & FOLDED) !== 0) return UNREADABLE;
  const { table } = head;
  const value = readDigits(
    bytes,
    start + (table[at + 1] as number),
    start + (table[at + 2] as number),
  );
  return value < 0 ? UNREADABLE : value;
}

/** Start lines after which it is not even certain that SIP is spoken. */
function lineFramingFault(fault: SipProblemCode | undefined): SipProblemCode | undefined {
  return fault === "bad-start-line" || fault === "bad-version" ? fault : undefined;
}

function framingFault(
  declared: number,
  limits: SipLimits,
  source: Source,
): SipProblemCode | undefined {
  if (head.duplicate === HeaderId.ContentLength) return "duplicate-header";
  if (declared === UNREADABLE) return "bad-content-length";
  if (declared > limits.maxBodyBytes) return "body-too-large";
  return declared === ABSENT && source.stream ? "content-length-required" : undefined;
}

/** What is wrong with a message that ends at `end` of its datagram or WebSocket message. */
function lengthFault(bytes: Buffer, end: number, source: Source): SipProblemCode | undefined {
  if (end > bytes.length) return "incomplete-body";
  return end < bytes.length && source.alone === true ? "bytes-after-body" : undefined;
}

function unfinished(needed: number): Reading {
  return { outcome: undefined, end: needed, fatal: false };
}

function refused(code: SipProblemCode, bytes: Buffer, start: number, source: Source): Reading {
  const partial = partialRequest(bytes, start, source);
  return { outcome: failed(problemOf(code, partial)), end: bytes.length, fatal: true };
}

/** The head alone, when it is a request's and says where an answer would go. */
function partialRequest(bytes: Buffer, start: number, source: Source): SipRequest | undefined {
  if (line.isResponse || line.methodEnd === 0) return undefined;
  if ((head.seen & (1 << HeaderId.Via)) === 0) return undefined;
  const request = new SipRequest(source.take(bytes, start, start + head.bodyStart), head, line);
  return request.find(HeaderId.Via) < 0 ? undefined : request;
}

function problemOf(code: SipProblemCode, partial?: SipRequest): SipProblem {
  return { code, detail: DETAIL[code], partial };
}

/** Some clients keep a NAT binding open with NULs or blanks. */
function isPadding(bytes: Buffer, start: number): boolean {
  if (bytes.length > 16) return false;
  for (let p = start; p < bytes.length; p++) if ((bytes[p] as number) > 32) return false;
  return true;
}

const DETAIL: Readonly<Record<SipProblemCode, string>> = {
  keepalive: "the datagram holds no message",
  "incomplete-head": "no blank line ends the header fields",
  "head-too-large": "the header fields are longer than the limit",
  "too-many-headers": "there are more header fields than the limit",
  "bare-line-break": "the head has a CR without LF or an LF without CR",
  "nul-in-head": "the head has a NUL",
  "bad-header-line": "a line of the head is not a header field",
  "empty-fold": "a continuation line of the head is empty",
  "bad-start-line": "the first line is neither a request line nor a status line",
  "bad-method": "the method differs from a known one in case only",
  "bad-version": "the version is not SIP/2.0",
  "bad-request-uri": "the Request-URI cannot be read",
  "bad-status-code": "the status code is not from 100 to 699",
  "duplicate-header": "a header field that may stand once stands more than once",
  "missing-header": "Via, From, To, Call-ID or CSeq is missing",
  "bad-content-length": "Content-Length is not a plain number",
  "content-length-required": "a message on a stream has no Content-Length",
  "body-too-large": "the body is longer than the limit",
  "incomplete-body": "the datagram ends before the declared length of the body",
  "bytes-after-body": "the WebSocket message goes on after the declared length of the body",
  "bad-cseq": "CSeq is not a number below 2^31 and a method",
  "cseq-method-mismatch": "the method in CSeq is not the request's",
  "bad-max-forwards": "Max-Forwards is not a number from 0 to 255",
  "bad-via": "the topmost Via cannot be read",
  "bad-from": "From cannot be read",
  "bad-to": "To cannot be read",
  "bad-call-id": "Call-ID cannot be read",
};

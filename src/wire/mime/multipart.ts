/**
 * MIME structures (RFC 2045, 2046, 2183, 2231), message/cpim (RFC 3862) and transfer encodings, byte-exact: everything is said
 * in byte ranges of the message as it came in, nothing is copied, reordered or repaired. Of two readings there is none: what two readers
 * may understand differently is a problem with a name, because the receiver's reader is not ours. In particular there must be
 * nothing before the first and after the last boundary line, and the boundary may stand nowhere else.
 * It does not decide what a part is for; nesting depth is limited by the caller.
 */
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";
import { readPartHeaders, type PartHeaders } from "./part-headers.ts";

/** One part of a multipart body; offsets count in the bytes handed in. */
export interface MimePart extends PartHeaders {
  readonly headerStart: number;
  /** Content ends before the CRLF that belongs to the next boundary line (RFC 2046 §5.1.1). */
  readonly contentEnd: number;
}

const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;
// RFC 2046 §5.1.1: 1 to 70 characters, no blank at the end
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;
const MAX_PARTS = 200;

/**
 * Splits bytes[start, end) at a boundary. `enclosing` are the boundaries of the multiparts around this one: none may be the
 * beginning of another, since a delimiter line is recognised by its beginning.
 */
export function splitMultipart(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  boundary: string | undefined,
  enclosing: readonly string[],
): Result<readonly MimePart[], MimeProblem> {
  if (boundary === undefined || !BOUNDARY.test(boundary))
    return mimeProblem("bad-boundary", (boundary ?? "none").slice(0, 80));
  if (enclosing.some((outer) => outer.startsWith(boundary) || boundary.startsWith(outer)))
    return mimeProblem("ambiguous-boundary", "a boundary is the beginning of another");
  const lines = delimiterLines(bytes, range.start, range.end, `--${boundary}`);
  if (!lines.ok) return lines;
  const parts: MimePart[] = [];
  for (let i = 0; i + 1 < lines.value.length; i++) {
    const from = lines.value[i]?.next ?? 0;
    const to = lines.value[i + 1]?.start ?? 0;
    const headers = readPartHeaders(bytes, from, to);
    if (!headers.ok) return headers;
    // the blank line may end with the CRLF of the boundary line: then the content is empty
    const contentEnd = Math.max(to - 2, headers.value.contentStart);
    const part = { ...headers.value, headerStart: from, contentEnd };
    const length = part.fields.get("content-length");
    if (length !== undefined && Number(length) !== contentEnd - part.contentStart)
      return mimeProblem("part-content-length", `${length} declared`);
    parts.push(part);
  }
  return ok(parts);
}

interface DelimiterLine {
  /** Of the first "-". */
  readonly start: number;
  /** After its CRLF. */
  readonly next: number;
}

function delimiterLines(
  bytes: Buffer,
  start: number,
  end: number,
  delimiter: string,
): Result<readonly DelimiterLine[], MimeProblem> {
  const lines: DelimiterLine[] = [];
  let closed = false;
  for (let at = bytes.indexOf(delimiter, start, "latin1"); at >= 0 && at < end;) {
    if (closed) return mimeProblem("multipart-epilogue", "a boundary after the last");
    if (at !== start && !(at >= start + 2 && isCrlf(bytes, at - 2)))
      return mimeProblem("ambiguous-boundary", "a boundary inside a line");
    let after = at + delimiter.length;
    closed = bytes[after] === DASH && bytes[after + 1] === DASH;
    if (closed) after += 2;
    const ended = after + 2 <= end && isCrlf(bytes, after);
    // the last line of a body may do without its CRLF
    if (!ended && !(closed && after === end))
      return mimeProblem("ambiguous-boundary", "text after a boundary");
    const next = ended ? after + 2 : after;
    lines.push({ start: at, next });
    if (lines.length > MAX_PARTS) return mimeProblem("bad-boundary", "too many parts");
    at = bytes.indexOf(delimiter, next, "latin1");
  }
  const framed = checkFrame(bytes, start, end, lines, closed);
  return framed.ok ? ok(lines) : framed;
}

/** Nothing may stand outside the parts: some readers show it. */
function checkFrame(
  bytes: Buffer,
  start: number,
  end: number,
  lines: readonly DelimiterLine[],
  closed: boolean,
): Result<true, MimeProblem> {
  const first = lines[0];
  const last = lines.at(-1);
  if (first === undefined || last === undefined || (closed && lines.length === 1))
    return mimeProblem("missing-boundary-line", "no part");
  if (!closed) return mimeProblem("missing-closing-boundary", "no last boundary line");
  if (!isBlank(bytes, start, first.start))
    return mimeProblem("multipart-preamble", "text before the first boundary");
  if (!isBlank(bytes, last.next, end))
    return mimeProblem("multipart-epilogue", "text after the last boundary");
  return ok(true);
}

function isCrlf(bytes: Buffer, at: number): boolean {
  return bytes[at] === CR && bytes[at + 1] === LF;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== CR && byte !== LF && byte !== 0x20 && byte !== 0x09) return false;
  }
  return true;
}

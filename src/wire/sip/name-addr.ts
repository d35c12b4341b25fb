import { failed, ok, type Result } from "../../base/result.ts";
import { isLinearSpace, skipSpace } from "./char-classes.ts";
import type { SipMessage } from "./message.ts";
import { ParamCursor, endOfQuoted, readParams, unquote } from "./param-list.ts";
import { SipUriScan } from "./scan-uri.ts";

/** One value of From, To, Contact, Route … (RFC 3261 §20.10): who, and parameters of the field. */
export interface NameAddr {
  /** Without quotes; "" when there is none. */
  readonly displayName: string;
  /** As sent, without < >. */
  readonly uri: string;
  /** Names in lower case, values unquoted. */
  readonly params: ReadonlyMap<string, string>;
}

/** The value is not one name-addr or addr-spec. */
export interface NameAddrProblem {
  readonly code: "bad-name-addr";
}

const uriScan: SipUriScan = new SipUriScan();
const cursor: ParamCursor = new ParamCursor();

/** Finds the parts of one name-addr or addr-spec by offset. Instances are reused. */
class NameAddrScan {
  displayStart = 0;
  displayEnd = 0;
  uriStart = 0;
  uriEnd = 0;
  /** Where the parameters begin (before the first ";"). */
  paramsStart = 0;

  /** True when the range holds display name and URI in a form that has one reading; the parameters are not looked at. */
  read(bytes: Buffer, start: number, end: number): boolean {
    let p = skipSpace(bytes, start, end);
    this.displayStart = p;
    this.displayEnd = p;
    if (p < end && bytes[p] === 34) {
      p = endOfQuoted(bytes, p, end);
      if (p < 0) return false;
      this.displayEnd = p;
      p = skipSpace(bytes, p, end);
      return p < end && bytes[p] === 60 && this.readAngle(bytes, p, end);
    }
    let colon = false;
    for (let q = p; q < end; q++) {
      const byte = bytes[q];
      // A colon in an unquoted display name: "sip:a@b <sip:c@d>" is a to one reader and c to another.
      if (byte === 58) colon = true;
      else if (byte === 60) {
        this.displayEnd = q;
        return !colon && this.readAngle(bytes, q, end);
      } else if (byte === 59) return this.readAddrSpec(bytes, p, end);
      // RFC 3261 §20.10: a URI with "," or "?" must stand in < >; before < they mean a display name without its quotes.
      else if (byte === 34 || byte === 62 || byte === 44 || byte === 63) return false;
    }
    return this.readAddrSpec(bytes, p, end);
  }

  private readAngle(bytes: Buffer, open: number, end: number): boolean {
    let close = open + 1;
    while (close < end && bytes[close] !== 62) close++;
    if (close >= end) return false;
    this.uriStart = open + 1;
    this.uriEnd = close;
    this.paramsStart = close + 1;
    return uriScan.read(bytes, this.uriStart, this.uriEnd);
  }

  private readAddrSpec(bytes: Buffer, start: number, end: number): boolean {
    let p = start;
    while (p < end && bytes[p] !== 59 && !isLinearSpace(bytes[p])) p++;
    this.displayEnd = this.displayStart;
    this.uriStart = start;
    this.uriEnd = p;
    this.paramsStart = p;
    return uriScan.read(bytes, start, p);
  }
}

const scan: NameAddrScan = new NameAddrScan();

/** True when the range is one name-addr or addr-spec with well-formed parameters, none of them twice. */
export function isNameAddr(bytes: Buffer, start: number, end: number): boolean {
  if (!scan.read(bytes, start, end)) return false;
  cursor.begin(bytes, scan.paramsStart, end);
  let step = cursor.next();
  while (step === 1) step = cursor.next();
  return step === 0 && cursor.at === end;
}

/** The tag of field `i`, a From or To, or undefined. */
export function tagOf(message: SipMessage, i: number): string | undefined {
  const { bytes } = message;
  const end = message.valueEnd(i);
  if (!scan.read(bytes, message.valueStart(i), end)) return undefined;
  cursor.begin(bytes, scan.paramsStart, end);
  while (cursor.next() === 1) {
    if (cursor.isNamed("tag")) return message.textOf(cursor.valueStart, cursor.valueEnd);
  }
  return undefined;
}

/**
 * Reads one value: `"Alice" <sip:alice@example.com>;tag=1`, or an address alone, whose parameters are then the
 * field's. Strict: unbalanced quotes, blanks inside < >, an unquoted comma, a parameter that stands twice are problems.
 */
export function parseNameAddr(value: string): Result<NameAddr, NameAddrProblem> {
  const bytes = Buffer.from(value, "utf8");
  if (!scan.read(bytes, 0, bytes.length)) return failed({ code: "bad-name-addr" });
  const params = readParams(bytes, scan.paramsStart, bytes.length);
  if (params === undefined) return failed({ code: "bad-name-addr" });
  const display = bytes.toString("utf8", scan.displayStart, scan.displayEnd).trim();
  return ok({
    displayName: unquote(display),
    uri: bytes.toString("utf8", scan.uriStart, scan.uriEnd),
    params,
  });
}

/**
 * Display name and URI of field `i`, a From or To, as `parseNameAddr` reads its value, one character a byte; undefined when
 * it cannot be read. The parameters are not looked at: those of a message that was parsed are well formed.
 */
export function addressAt(
  message: SipMessage,
  i: number,
): Pick<NameAddr, "displayName" | "uri"> | undefined {
  if (message.foldedAt(i)) {
    const parsed = parseNameAddr(message.valueAt(i));
    return parsed.ok ? parsed.value : undefined;
  }
  if (!scan.read(message.bytes, message.valueStart(i), message.valueEnd(i))) return undefined;
  const display = message.textOf(scan.displayStart, scan.displayEnd).trim();
  return { displayName: unquote(display), uri: message.textOf(scan.uriStart, scan.uriEnd) };
}

/** Where the URI stands in a range that holds one name-addr or addr-spec, without < >; undefined when it holds none. */
export function uriRange(bytes: Buffer, start: number, end: number): ByteRange | undefined {
  return scan.read(bytes, start, end) ? { start: scan.uriStart, end: scan.uriEnd } : undefined;
}

/** A byte range of a message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The comma-separated values of field `i` as byte ranges of the message, trimmed. Commas in quotes and in < > do not
 * separate; empty elements are left out.
 */
export function splitValues(message: SipMessage, i: number): readonly ByteRange[] {
  const { bytes } = message;
  const end = message.valueEnd(i);
  const values: ByteRange[] = [];
  let start = message.valueStart(i);
  while (start < end) {
    const comma = endOfValue(bytes, start, end);
    const from = skipSpace(bytes, start, comma);
    let to = comma;
    while (to > from && isLinearSpace(bytes[to - 1])) to--;
    if (to > from) values.push({ start: from, end: to });
    start = comma + 1;
  }
  return values;
}

/** Offset of the comma that ends the list element at `start`, or `end`. */
function endOfValue(bytes: Buffer, start: number, end: number): number {
  let angle = false;
  for (let p = start; p < end; p++) {
    const byte = bytes[p];
    if (byte === 34 && !angle) {
      p = endOfQuoted(bytes, p, end) - 1;
      if (p < 0) return end;
    } else if (byte === 60) angle = true;
    else if (byte === 62) angle = false;
    else if (byte === 44 && !angle) return p;
  }
  return end;
}

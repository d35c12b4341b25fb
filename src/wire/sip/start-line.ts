import { TOKEN } from "./char-classes.ts";
import type { SipProblemCode } from "./problem.ts";
import { SipUriScan } from "./scan-uri.ts";

/**
 * Methods that some server knows. One that differs from them in case only is refused: RFC 3261 §7.1 makes it another
 * method, but there are servers that would take "message" for MESSAGE.
 */
const METHODS: ReadonlySet<string> = new Set([
  "MESSAGE",
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "REGISTER",
  "OPTIONS",
  "INFO",
  "UPDATE",
  "PRACK",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "REFER",
  "SERVICE",
  "BENOTIFY",
]);

const VERSION: Buffer = Buffer.from("SIP/2.0", "latin1");
const uri: SipUriScan = new SipUriScan();

/**
 * Reads a request line or a status line (RFC 3261 §7.1, §7.2): exactly one blank between the parts, none at the end.
 * One instance is reused for all messages; the fields hold what was read before a fault. Offsets are relative to `start`.
 */
export class StartLine {
  /** A status line, or what was meant as one. */
  isResponse = false;
  methodEnd = 0;
  uriStart = 0;
  uriEnd = 0;
  status = 0;
  reasonStart = 0;

  /** Undefined when the line is well formed. */
  read(bytes: Buffer, start: number, end: number): SipProblemCode | undefined {
    this.methodEnd = 0;
    this.uriStart = 0;
    this.uriEnd = 0;
    this.status = 0;
    this.reasonStart = end - start;
    let p = start;
    while (p < end && TOKEN[bytes[p] as number] === 1) p++;
    // "/" is no token byte, so no method looks like "SIP/".
    this.isResponse = bytes[p] === 47 && p - start === 3 && foldEquals(bytes, start, VERSION, 3);
    if (this.isResponse) return this.readStatusLine(bytes, start, end);
    if (p === start || p >= end || bytes[p] !== 32) return "bad-start-line";
    this.methodEnd = p - start;
    const uriStart = ++p;
    while (p < end && (bytes[p] as number) > 32) p++;
    this.uriStart = uriStart - start;
    this.uriEnd = p - start;
    if (p === uriStart || bytes[p] !== 32) return "bad-start-line";
    if (!isVersion(bytes, p + 1, end)) {
      return isOtherVersion(bytes, p + 1, end) ? "bad-version" : "bad-start-line";
    }
    if (!uri.read(bytes, uriStart, p) || uri.headersStart >= 0) return "bad-request-uri";
    return isDoubtfulMethod(bytes, start, start + this.methodEnd) ? "bad-method" : undefined;
  }

  private readStatusLine(bytes: Buffer, start: number, end: number): SipProblemCode | undefined {
    let p = start;
    while (p < end && bytes[p] !== 32) p++;
    if (!isVersion(bytes, start, p)) {
      return isOtherVersion(bytes, start, p) ? "bad-version" : "bad-start-line";
    }
    const codeStart = ++p;
    let status = 0;
    for (; p < end && bytes[p] !== 32; p++) {
      const digit = (bytes[p] as number) - 48;
      if (digit < 0 || digit > 9) return "bad-start-line";
      status = Math.min(status * 10 + digit, 100_000);
    }
    if (p === codeStart) return "bad-start-line";
    if (p - codeStart !== 3 || status < 100 || status > 699) return "bad-status-code";
    this.status = status;
    // COMPAT: the blank before an empty reason is mandatory, yet some servers leave it out.
    this.reasonStart = Math.min(p + 1, end) - start;
    return undefined;
  }
}

function isVersion(bytes: Buffer, start: number, end: number): boolean {
  return end - start === VERSION.length && foldEquals(bytes, start, VERSION, VERSION.length);
}

function isOtherVersion(bytes: Buffer, start: number, end: number): boolean {
  return /^sip\/\d+\.\d+$/i.test(bytes.toString("latin1", start, end));
}

function foldEquals(bytes: Buffer, start: number, upper: Buffer, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const want = upper[i] as number;
    const byte = bytes[start + i] as number;
    if (byte !== want && (want < 65 || byte !== want + 32)) return false;
  }
  return true;
}

function isDoubtfulMethod(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) {
    const byte = bytes[p] as number;
    if (byte >= 97 && byte <= 122)
      return METHODS.has(bytes.toString("latin1", start, end).toUpperCase());
  }
  return false;
}

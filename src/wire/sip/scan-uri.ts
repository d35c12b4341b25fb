import { HOST, IPV6, readDigits } from "./char-classes.ts";

/** What is always wrong inside a URI: controls, blank, DEL, and " < > (RFC 3261 §25.1 has none of them). */
const FORBIDDEN: Uint8Array = new Uint8Array(256).fill(1, 0, 33);
for (const byte of [34, 60, 62, 127]) FORBIDDEN[byte] = 1;

/**
 * Finds the parts of a URI (RFC 3261 §19.1, §25.1) by offset. Strict where two readers could see two hosts: one "@" at
 * most, a host that is a name or a whole IPv6 reference, a port that is a number, no empty parameter. Liberal in the user part.
 * A URI of another scheme has its scheme read and its bytes checked, no more. Instances are reused.
 */
export class SipUriScan {
  /** False for schemes other than sip and sips: then only `schemeEnd` is set. */
  isSip = false;
  /** Offset of the colon. */
  schemeEnd = 0;
  /** User part; -1 when there is none. */
  userStart = -1;
  userEnd = -1;
  /** -1 when there is none; ends with the "@". */
  passwordStart = -1;
  /** Offset of "@"; -1. */
  at = -1;
  hostStart = 0;
  hostEnd = 0;
  /** -1 when there is none. */
  port = -1;
  /** Parameters, from after the first ";" to `paramsEnd`; equal when there are none. */
  paramsStart = 0;
  paramsEnd = 0;
  /** Offset after the "?"; -1 when there are no header fields. */
  headersStart = -1;

  /** True when the range is one URI. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    const colon = schemeEnd(bytes, start, end);
    if (colon < 0) return false;
    this.schemeEnd = colon;
    this.isSip = isSipScheme(bytes, start, colon);
    this.userStart = -1;
    this.userEnd = -1;
    this.passwordStart = -1;
    this.headersStart = -1;
    this.port = -1;
    this.at = -1;
    if (!this.isSip) return isClean(bytes, colon + 1, end) && colon + 1 < end;
    let firstColon = -1;
    for (let p = colon + 1; p < end; p++) {
      const byte = bytes[p] as number;
      if (byte === 64) {
        this.at = p;
        this.userStart = colon + 1;
        this.userEnd = firstColon < 0 ? p : firstColon;
        this.passwordStart = firstColon < 0 ? -1 : firstColon + 1;
        return this.userEnd > this.userStart && this.readHost(bytes, p + 1, end);
      }
      if (byte === 58 && firstColon < 0) firstColon = p;
      else if (FORBIDDEN[byte] === 1) return false;
    }
    return this.readHost(bytes, colon + 1, end);
  }

  private readHost(bytes: Uint8Array, start: number, end: number): boolean {
    const hostEnd = endOfHost(bytes, start, end);
    if (hostEnd < 0) return false;
    this.hostStart = start;
    this.hostEnd = hostEnd;
    let p = hostEnd;
    if (bytes[p] === 58 && p < end) {
      const portStart = ++p;
      while (p < end && bytes[p] !== 59 && bytes[p] !== 63) p++;
      this.port = readDigits(bytes, portStart, p);
      if (this.port < 0 || this.port > 65_535) return false;
    }
    this.paramsStart = p;
    this.paramsEnd = p;
    return p >= end || this.readTail(bytes, p, end);
  }

  /** ";params" and "?headers". */
  private readTail(bytes: Uint8Array, start: number, end: number): boolean {
    let p = start;
    if (bytes[p] === 59) {
      this.paramsStart = p + 1;
      let nameStart = p + 1;
      for (p++; p < end && bytes[p] !== 63; p++) {
        const byte = bytes[p] as number;
        if (byte === 59) {
          if (p === nameStart) return false;
          nameStart = p + 1;
        } else if ((byte === 61 && p === nameStart) || byte === 64 || FORBIDDEN[byte] === 1) {
          return false;
        }
      }
      if (p === nameStart) return false;
      this.paramsEnd = p;
    }
    if (p >= end) return true;
    if (bytes[p] !== 63) return false;
    this.headersStart = p + 1;
    for (p++; p < end; p++) {
      if (bytes[p] === 64 || FORBIDDEN[bytes[p] as number] === 1) return false;
    }
    return true;
  }
}

/**
 * The offset after the host name, IPv4 address or bracketed IPv6 address at `start`, or -1.
 * RFC 5118 §4.10: three colons in a row are no IPv6 address.
 */
export function endOfHost(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  if (bytes[p] !== 91) {
    while (p < end && HOST[bytes[p] as number] === 1) p++;
    return p > start ? p : -1;
  }
  let colons = 0;
  let gaps = 0;
  for (p++; p < end && IPV6[bytes[p] as number] === 1; p++) {
    if (bytes[p] !== 58) continue;
    colons++;
    if (bytes[p - 1] === 58 && ++gaps > 1) return -1;
  }
  return p < end && bytes[p] === 93 && colons >= 2 && colons <= 8 ? p + 1 : -1;
}

function isClean(bytes: Uint8Array, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (FORBIDDEN[bytes[p] as number] === 1) return false;
  return true;
}

/** Offset of the colon after a scheme (RFC 3986 §3.1), or -1. */
function schemeEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  for (; p < end; p++) {
    const byte = bytes[p] as number;
    const folded = byte | 32;
    if (folded >= 97 && folded <= 122) continue;
    const later = (byte >= 48 && byte <= 57) || byte === 43 || byte === 45 || byte === 46;
    if (!later || p === start) break;
  }
  return p > start && p < end && bytes[p] === 58 ? p : -1;
}

function isSipScheme(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return (
    (length === 3 || (length === 4 && ((bytes[start + 3] as number) | 32) === 115)) &&
    ((bytes[start] as number) | 32) === 115 &&
    ((bytes[start + 1] as number) | 32) === 105 &&
    ((bytes[start + 2] as number) | 32) === 112
  );
}

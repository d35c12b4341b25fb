import { isUtf8 } from "node:buffer";
import { HeaderId } from "./header-names.ts";
import type { SipRequest } from "./message.ts";

/** One header field to be written. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** An answer of our own. */
export interface ResponseParts {
  readonly status: number;
  readonly reason: string;
  /** Added to To when the request's To has none; left out for 100 Trying. */
  readonly toTag?: string;
  /** Replaces the first value of the topmost Via (received and rport filled in, RFC 3261 §18.2.1, RFC 3581 §4). */
  readonly topVia?: string;
  readonly headers?: readonly HeaderField[];
  readonly body?: { readonly contentType: string; readonly bytes: Buffer };
}

/** A request of our own. Via, From, To, Call-ID, CSeq and Max-Forwards stand in `headers`, in the order wanted. */
export interface RequestParts {
  readonly method: string;
  readonly requestUri: string;
  readonly headers: readonly HeaderField[];
  readonly body?: { readonly contentType: string; readonly bytes: Buffer };
}

/**
 * Writes an answer to `request` (RFC 3261 §8.2.6.2): all Via values, From, To, Call-ID and CSeq as they came, then
 * `headers`, Content-Type and Content-Length. Also answers a problem's partial request: what is missing there is left out.
 * Throws when a name, value or reason holds a line break or NUL: that is our bug, never a peer's.
 */
export function buildResponse(request: SipRequest, parts: ResponseParts): Buffer {
  const lines: string[] = [`SIP/2.0 ${parts.status} ${clean(parts.reason)}`];
  let first = true;
  for (let i = request.find(HeaderId.Via); i >= 0; i = request.find(HeaderId.Via, i + 1)) {
    lines.push(`Via: ${first ? topVia(request, i, parts.topVia) : request.valueAt(i)}`);
    first = false;
  }
  pushCopy(lines, "From", request.value(HeaderId.From));
  pushCopy(lines, "To", tagged(request, parts.toTag));
  pushCopy(lines, "Call-ID", request.value(HeaderId.CallId));
  pushCopy(lines, "CSeq", request.value(HeaderId.CSeq));
  // RFC 3261 §8.2.6.1: a 100 repeats the Timestamp.
  if (parts.status === 100) pushCopy(lines, "Timestamp", request.value(HeaderId.Timestamp));
  return finish(lines, parts.headers ?? [], parts.body);
}

/** Writes a request. Throws as `buildResponse` does. */
export function buildRequest(parts: RequestParts): Buffer {
  const lines = [`${clean(parts.method)} ${clean(parts.requestUri)} SIP/2.0`];
  return finish(lines, parts.headers, parts.body);
}

function finish(
  lines: string[],
  headers: readonly HeaderField[],
  body: ResponseParts["body"],
): Buffer {
  for (const { name, value } of headers) lines.push(`${clean(name)}: ${clean(value)}`);
  if (body !== undefined) lines.push(`Content-Type: ${clean(body.contentType)}`);
  lines.push(`Content-Length: ${body?.bytes.length ?? 0}`, "", "");
  const head = Buffer.from(lines.join("\r\n"), "latin1");
  return body === undefined ? head : Buffer.concat([head, body.bytes]);
}

function topVia(request: SipRequest, i: number, replacement: string | undefined): string {
  const value = request.valueAt(i);
  if (replacement === undefined) return value;
  return `${clean(replacement)}${value.slice(firstValueLength(value))}`;
}

/** Length of the first comma-separated value; commas in quotes do not count. */
function firstValueLength(value: string): number {
  return (/^(?:[^",]|"(?:[^"\\]|\\.)*")*/s.exec(value)?.[0] ?? "").length;
}

function tagged(request: SipRequest, tag: string | undefined): string | undefined {
  const to = request.value(HeaderId.To);
  if (to === undefined || tag === undefined || request.toTag !== undefined) return to;
  return `${to};tag=${clean(tag)}`;
}

function pushCopy(lines: string[], name: string, value: string | undefined): void {
  if (value !== undefined) lines.push(`${name}: ${value}`);
}

/**
 * The text as one character a byte. Text that is such already (a value taken from a message) keeps its bytes; other text
 * beyond ASCII is written in UTF-8 (RFC 3261 §7.3.1).
 */
function clean(text: string): string {
  let highest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code === 10 || code === 13) {
      throw new Error(`line break or NUL in a header: ${JSON.stringify(text)}`);
    }
    if (code > highest) highest = code;
  }
  if (highest < 0x80) return text;
  if (highest <= 0xff && isUtf8(Buffer.from(text, "latin1"))) return text;
  return Buffer.from(text, "utf8").toString("latin1");
}

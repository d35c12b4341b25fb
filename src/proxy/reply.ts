/**
 * Answers of our own: the table from a problem to its status, and the building of a response (RFC 3261 §8.2.6).
 * Peers get generic words; nothing that a stranger sent is repeated beyond what the standard wants copied (Via, From,
 * To, Call-ID, CSeq), so that an answer is hardly longer than its request.
 */
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { SipProblemCode } from "../wire/sip/problem.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { HeaderField } from "./seams.ts";

/** What an answer says, without what is copied from the request. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
  readonly body?: { readonly contentType: string; readonly bytes: Buffer };
}

/** Makes an answer without header fields of its own. */
export function plainReply(status: number, reason: string): Reply {
  return { status, reason, headers: [] };
}

const RETRY_AFTER_S = 5;

/** Statuses that may bear Retry-After (RFC 3261 §20.33) and that a server before us may take better than 503. */
export type OverloadStatus = 503 | 480 | 500;

const OVERLOAD_REASONS: Readonly<Record<OverloadStatus, string>> = {
  503: "Service Unavailable",
  480: "Temporarily Unavailable",
  500: "Server Internal Error",
};

/** New work while we are full or shutting down. */
export function overloadReply(status: OverloadStatus = 503): Reply {
  const headers = [{ name: "Retry-After", value: String(RETRY_AFTER_S) }];
  return { status, reason: OVERLOAD_REASONS[status], headers };
}
export const TRYING: Reply = plainReply(100, "Trying");
export const TERMINATED: Reply = plainReply(487, "Request Terminated");
export const INTERNAL_ERROR: Reply = plainReply(500, "Server Internal Error");
export const FLOW_FAILED: Reply = plainReply(430, "Flow Failed");

/** Status and words for a request that could not be read; undefined where there is nothing to answer. */
const PROBLEM_REPLIES: Readonly<Record<SipProblemCode, Reply | undefined>> = {
  keepalive: undefined,
  "incomplete-head": plainReply(400, "Incomplete Header"),
  "head-too-large": plainReply(513, "Message Too Large"),
  "too-many-headers": plainReply(400, "Too Many Header Fields"),
  "bare-line-break": plainReply(400, "Bad Line End"),
  "nul-in-head": plainReply(400, "NUL In Header"),
  "bad-header-line": plainReply(400, "Bad Header Field"),
  "empty-fold": plainReply(400, "Bad Header Field"),
  "bad-start-line": plainReply(400, "Bad Request Line"),
  "bad-method": plainReply(400, "Bad Method"),
  "bad-version": plainReply(505, "Version Not Supported"),
  "bad-request-uri": plainReply(400, "Bad Request-URI"),
  "bad-status-code": undefined,
  "duplicate-header": plainReply(400, "Duplicate Header Field"),
  "missing-header": plainReply(400, "Missing Header Field"),
  "bad-content-length": plainReply(400, "Bad Content-Length"),
  "content-length-required": plainReply(400, "Content-Length Required"),
  "body-too-large": plainReply(413, "Request Entity Too Large"),
  "incomplete-body": plainReply(400, "Incomplete Body"),
  "bytes-after-body": plainReply(400, "More Than One Message"),
  "bad-cseq": plainReply(400, "Bad CSeq"),
  "cseq-method-mismatch": plainReply(400, "CSeq Method Mismatch"),
  "bad-max-forwards": plainReply(400, "Bad Max-Forwards"),
  "bad-via": plainReply(400, "Bad Via"),
  "bad-from": plainReply(400, "Bad From"),
  "bad-to": plainReply(400, "Bad To"),
  "bad-call-id": plainReply(400, "Bad Call-ID"),
};

/** The answer to a request that could not be read. */
export function replyToProblem(code: SipProblemCode): Reply | undefined {
  return PROBLEM_REPLIES[code];
}

/**
 * Builds the response.
 *
 * @param toTag added to To where the request has none; undefined for 100 (RFC 3261 §8.2.6.2)
 * @param viaStamp edits of the top Via (stamp-via.ts)
 */
export function buildReply(
  request: SipRequest,
  reply: Reply,
  toTag: string | undefined,
  viaStamp: readonly Splice[],
): Buffer {
  let head = `SIP/2.0 ${reply.status} ${reply.reason}\r\n`;
  for (let i = request.find(HeaderId.Via); i >= 0; i = request.find(HeaderId.Via, i + 1)) {
    head += stampedLine(request, i, viaStamp);
  }
  head += copiedLine(request, HeaderId.From);
  head += toLine(request, toTag);
  head += copiedLine(request, HeaderId.CallId);
  head += copiedLine(request, HeaderId.CSeq);
  for (const { name, value } of reply.headers) head += `${name}: ${value}\r\n`;
  const { body } = reply;
  if (body === undefined) return Buffer.from(`${head}Content-Length: 0\r\n\r\n`, "latin1");
  head += `Content-Type: ${body.contentType}\r\nContent-Length: ${body.bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body.bytes]);
}

/**
 * The same response with blanks for NULs and for line breaks that are none, which an unreadable request may have
 * brought into what is copied from it.
 */
export function withoutControls(response: Buffer): Buffer {
  const text = response.toString("latin1");
  return Buffer.from(text.replaceAll(STRAY_CONTROLS, " "), "latin1");
}

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const STRAY_CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/g;

function copiedLine(request: SipRequest, id: HeaderId): string {
  const i = request.find(id);
  return i < 0 ? "" : request.bytes.toString("latin1", request.lineStart(i), request.lineEnd(i));
}

function toLine(request: SipRequest, toTag: string | undefined): string {
  const i = request.find(HeaderId.To);
  if (i < 0) return "";
  if (toTag === undefined || request.toTag !== undefined) return copiedLine(request, HeaderId.To);
  const line = request.bytes.toString("latin1", request.lineStart(i), request.valueEnd(i));
  return `${line};tag=${toTag}\r\n`;
}

function stampedLine(request: SipRequest, i: number, stamp: readonly Splice[]): string {
  const lineEnd = request.lineEnd(i);
  let line = "";
  let from = request.lineStart(i);
  for (const splice of stamp) {
    if (splice.start < from || splice.end > lineEnd) continue;
    line += request.bytes.toString("latin1", from, splice.start);
    line += typeof splice.bytes === "string" ? splice.bytes : splice.bytes.toString("latin1");
    from = splice.end;
  }
  return line + request.bytes.toString("latin1", from, lineEnd);
}

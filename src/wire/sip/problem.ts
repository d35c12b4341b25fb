import type { SipRequest } from "./message.ts";

/**
 * Why bytes are not a SIP message that has exactly one reading. Which status answers which code is a table of
 * `proxy/reply.ts`; a response with a problem is dropped without a word (RFC 3261 §8.1.3, RFC 4475 §3.1.2.19).
 */
export type SipProblemCode =
  /** A datagram that holds only blanks and line ends: a keep-alive, to be ignored. */
  | "keepalive"
  /** No blank line ends the head (datagrams; a stream waits). */
  | "incomplete-head"
  /** The head is longer than the limit. */
  | "head-too-large"
  /** More header fields than the limit. */
  | "too-many-headers"
  /** A CR without LF or an LF without CR in the head. */
  | "bare-line-break"
  /** A NUL in the head, other than escaped in a display name. */
  | "nul-in-head"
  /** A line of the head that is not "name: value", or a continuation of nothing. */
  | "bad-header-line"
  /** A continuation line without content, which some readers take for the end of the head. */
  | "empty-fold"
  /** The first line is neither a request line nor a status line. */
  | "bad-start-line"
  /** A method that differs from a known one in case only; some servers do not see the difference. */
  | "bad-method"
  /** Another version than SIP/2.0 (answered 505). */
  | "bad-version"
  /** The Request-URI cannot be read, or bears header fields (RFC 3261 §19.1.1 forbids them there). */
  | "bad-request-uri"
  /** A status code outside 100 to 699. */
  | "bad-status-code"
  /** A header field that may stand once stands more than once (long and compact form counted together). */
  | "duplicate-header"
  /** Via, From, To, Call-ID or CSeq is missing. */
  | "missing-header"
  /** Content-Length is not one run of at most ten digits. */
  | "bad-content-length"
  /** A message on a stream without Content-Length (RFC 3261 §18.3). */
  | "content-length-required"
  /** The declared or actual body is longer than the limit. */
  | "body-too-large"
  /** A datagram ends before its declared Content-Length. */
  | "incomplete-body"
  /** A WebSocket message holds more than one SIP message of the declared Content-Length (RFC 7118 §5). */
  | "bytes-after-body"
  /** CSeq is not a number below 2^31 and a method. */
  | "bad-cseq"
  /** The method in CSeq is not the request's. */
  | "cseq-method-mismatch"
  /** Max-Forwards is not a number from 0 to 255. */
  | "bad-max-forwards"
  /** The topmost Via cannot be read. */
  | "bad-via"
  /** From is not one name-addr or addr-spec. */
  | "bad-from"
  /** To is not one name-addr or addr-spec. */
  | "bad-to"
  /** Call-ID is empty or has blanks. */
  | "bad-call-id";

/** A refused message. */
export interface SipProblem {
  readonly code: SipProblemCode;
  /** A sentence for the record; it never goes to the peer. */
  readonly detail: string;
  /**
   * What could be read of a request, so that it can be answered: present whenever it has a Via. It has no body, and any
   * of its values may be malformed or missing: `callId`, `cseq` and `topmostVia` then give empty values, never throw.
   * Where a field that may stand once stands twice, the first counts. Undefined for responses.
   */
  readonly partial: SipRequest | undefined;
}

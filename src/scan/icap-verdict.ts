import type { BodyComparison } from "./body-comparison.ts";
import { answerForName } from "./clamd-reply.ts";
import type { ServerAnswer } from "./scan-result.ts";
import type { IcapReplyParser } from "./icap-reply-parser.ts";
import type { IcapMethod } from "./icap-request.ts";
import { MODIFIED, threatName } from "./icap-threat.ts";
import { unscannableReason } from "./icap-error-code.ts";

/** A response to the request for a file, and how far that was sent. */
export interface IcapReply {
  readonly method: IcapMethod;
  readonly parser: IcapReplyParser;
  readonly comparison: BodyComparison;
  /** The server was given every byte, and told that they are all. */
  readonly allSent: boolean;
}

const BAD_REPLY: ServerAnswer = { kind: "error", reason: "bad-reply" };
const REPLACED: ServerAnswer = { kind: "infected", threat: MODIFIED };
const PARTIAL: ServerAnswer = { kind: "unscannable", reason: "partial" };

/**
 * What a response means, read as far as it came. Total. Clean is only a whole 204, or a whole 200 that gives back every byte as it was,
 * after every byte was sent. A finding counts whatever else is wrong with the response.
 *
 * A 204 before all was sent is the server's word that it does not want to see the rest (RFC 3507 §4.5): what it did not see is not clean.
 */
export function icapVerdict(reply: IcapReply): ServerAnswer {
  const { parser, comparison } = reply;
  const finding = findingOf(reply);
  if (finding !== undefined) return finding;
  if (comparison.result === "unreadable") return { kind: "error", reason: "down" };
  if (parser.bytes === 0) return { kind: "error", reason: "down" };
  if (parser.state !== "whole" || parser.rest.length > 0) return BAD_REPLY;
  if (parser.head?.status === 503) return { kind: "error", reason: "overloaded" };
  if (!(isUnmodified(parser) || isGivenBack(reply))) return BAD_REPLY;
  return reply.allSent ? { kind: "clean" } : PARTIAL;
}

/** Nothing that is still to come, or to be sent, can change the verdict. */
export function isDecided(reply: IcapReply): boolean {
  const { state } = reply.parser;
  return state === "whole" || state === "bad" || findingOf(reply) !== undefined;
}

function findingOf({ method, parser, comparison }: IcapReply): ServerAnswer | undefined {
  const { head, state, httpStatus } = parser;
  if (head === undefined) return undefined;
  const name = threatName(head.fields) ?? threatName(parser.httpFields);
  if (name !== undefined) return answerForName(name);
  const reason = unscannableReason(head.fields) ?? unscannableReason(parser.httpFields);
  if (reason !== undefined) return { kind: "unscannable", reason };
  if (head.status !== 200 || state === "bad") return undefined;
  // an HTTP response in place of a request, or one with another status, is a page that says no
  if (httpStatus !== undefined && (method === "REQMOD" || httpStatus !== 200)) return REPLACED;
  if (comparison.result === "differs") return REPLACED;
  return state === "whole" && comparison.result === "part" ? REPLACED : undefined;
}

/** A 204 has no body and nothing encapsulated (RFC 3507 §4.6). */
function isUnmodified({ head, encapsulated }: IcapReplyParser): boolean {
  return (
    head?.status === 204 && encapsulated?.heads.length === 0 && encapsulated.body === "null-body"
  );
}

function isGivenBack({ method, parser, comparison }: IcapReply): boolean {
  const body = parser.encapsulated?.body;
  const expected = method === "RESPMOD" ? "res-body" : "req-body";
  return (
    parser.head?.status === 200 &&
    comparison.result === "same" &&
    (body === expected || body === "null-body")
  );
}

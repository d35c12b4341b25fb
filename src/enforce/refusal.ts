import type { SipMessage } from "../wire/sip/message.ts";
import { dialectOf } from "./dialect.ts";

/** An answer that refuses a request; the proxy adds what it copies from the request. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body?: { readonly contentType: string; readonly bytes: Buffer };
}

export interface RefusalWords {
  /** Status the rule asks for; undefined: 606 or 403 by the sender's dialect. */
  readonly respond: number | undefined;
  /** For the sender's eyes: the rule's reason, never a quotation of the message. */
  readonly text: string;
  /** "INC-…": stands in every answer, so that a complaint can quote it. */
  readonly incident: string;
  /** Warn-agent of RFC 3261 §20.43: a host name or a pseudonym. */
  readonly agent: string;
  /** Invitation-Cookie of the refused x-msmsgsinvite. */
  readonly cookie: string | undefined;
  /** The coding of its content is what was wrong: it may be sent again without one. */
  readonly wantsPlainContent?: boolean;
}

const REASON_PHRASES: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [403, "Forbidden"],
  [406, "Not Acceptable"],
  [413, "Request Entity Too Large"],
  [415, "Unsupported Media Type"],
  [480, "Temporarily Unavailable"],
  [488, "Not Acceptable Here"],
  [493, "Undecipherable"],
  [500, "Server Internal Error"],
  [503, "Service Unavailable"],
  [603, "Decline"],
  [606, "Not Acceptable"],
]);

const ACCEPT_PLAIN = { name: "Accept-Encoding", value: "identity" };

/** Builds the refusal of a request in the words of its sender's dialect (DESIGN §4 "Block answers"). */
export function refuse(request: SipMessage, words: RefusalWords): Refusal {
  const lcs = dialectOf(request) === "lcs";
  const status = words.respond ?? (lcs ? 606 : 403);
  const reason = REASON_PHRASES.get(status) ?? "Refused";
  const sentence = `${words.text}. Ref ${words.incident}`;
  // RFC 3261 §21.4.13: a 415 says what would have been accepted.
  const accepted = words.wantsPlainContent === true ? [ACCEPT_PLAIN] : [];
  if (!lcs) {
    return { status, reason, headers: [warning(399, words.agent, sentence), ...accepted] };
  }
  const headers = [
    warning(309, words.agent, `Message contents not allowed by policy. ${sentence}`),
    {
      name: "ms-diagnostics",
      // COMPAT(OCS 2007+): 16000 opens the range allotted to the IM filter; the single ids are not public.
      value: `16000;source=${quoted(words.agent)};reason=${quoted(sentence)}`,
    },
    ...accepted,
  ];
  if (words.cookie === undefined) return { status, reason, headers };
  return { status, reason, headers, body: cancelInvitation(words.cookie) };
}

/** COMPAT(pidgin-sipe): the client looks for the cookie in the body of the answer to know which transfer has ended. */
function cancelInvitation(cookie: string): { contentType: string; bytes: Buffer } {
  const lines = [
    "Invitation-Command: CANCEL",
    `Invitation-Cookie: ${cookie}`,
    "Cancel-Code: FAIL",
    "",
  ];
  return {
    contentType: "text/x-msmsgsinvite; charset=UTF-8",
    bytes: Buffer.from(lines.join("\r\n"), "latin1"),
  };
}

function warning(code: number, agent: string, text: string): { name: string; value: string } {
  return { name: "Warning", value: `${code} ${agent} ${quoted(text)}` };
}

/** A quoted-string of RFC 3261 §25.1; controls become blanks, so that no rule text can end the header. */
function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- removing them is the point
  const clean = text.replaceAll(/[\u0000-\u001f\u007f]/g, " ");
  return `"${Buffer.from(clean.replaceAll(/["\\]/g, "\\$&"), "utf8").toString("latin1")}"`;
}

import type { InvitationPart } from "../inspect/inspection.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { disguisedPort } from "../wire/msnftp/disguised-port.ts";
import { replaceTexts } from "./replace-texts.ts";

/** Where the peer that dials is to go instead: a host and port of ours, and a cookie of ours. */
export interface MeetingPlace {
  readonly address: string;
  readonly port: number;
  readonly authCookie: string;
}

/** An invitation, and the bytes that it was read in (`Inspection.decoded`). */
export interface ReadInvitation {
  readonly part: InvitationPart;
  readonly decoded: Buffer | undefined;
}

/**
 * Fields of an ACCEPT that may go on to the other peer beside the meeting place. Every other field is taken out: what
 * we do not know may be one more address (lcs.md B2, DESIGN invariant 3).
 */
const KEPT: ReadonlySet<string> = new Set([
  "invitation-command",
  "invitation-cookie",
  "application-name",
  "application-guid",
  "launch-application",
  "request-data",
  "encryption-key",
  "hash-key",
  "sender-connect",
]);

/**
 * Writes our own meeting place into an ACCEPT: IP-Address, Port, PortX (the disguised copy, where there was one) and
 * AuthCookie; the internal address and everything unknown goes. Order and spelling of what stays are the sender's.
 */
export function rewriteMeetingPlace(
  message: SipMessage,
  { part, decoded }: ReadInvitation,
  place: MeetingPlace,
): readonly Splice[] {
  const ours: ReadonlyMap<string, string> = new Map([
    ["ip-address", place.address],
    ["port", String(place.port)],
    ["portx", String(disguisedPort(place.port))],
    ["authcookie", place.authCookie],
  ]);
  const lines: string[] = [];
  const written = new Set<string>();
  for (const line of part.text.split("\r\n")) {
    const name = line.slice(0, Math.max(0, line.indexOf(":")));
    const lower = name.toLowerCase();
    const value = ours.get(lower);
    if (value !== undefined) lines.push(`${name}: ${value}`);
    else if (line === "" || KEPT.has(lower)) lines.push(line);
    written.add(lower);
  }
  const missing = [...ours.entries()].filter(([name]) => name !== "portx" && !written.has(name));
  const last = lines.findLastIndex((line) => line !== "") + 1;
  lines.splice(last, 0, ...missing.map(([name, value]) => `${SPELLING[name] ?? name}: ${value}`));
  const text = lines.join("\r\n");
  return replaceTexts(message, { decoded, wrongLengths: [] }, [
    { place: part, bytes: Buffer.from(text, "utf8") },
  ]);
}

const SPELLING: Readonly<Record<string, string>> = {
  "ip-address": "IP-Address",
  port: "Port",
  authcookie: "AuthCookie",
};

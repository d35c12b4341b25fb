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
]);

const SPELLING: Readonly<Record<string, string>> = {
  "ip-address": "IP-Address",
  port: "Port",
  portx: "PortX",
  authcookie: "AuthCookie",
  "sender-connect": "Sender-Connect",
  connectivity: "Connectivity",
};

/**
 * Writes our own meeting place into an ACCEPT: IP-Address, Port, PortX (the disguised copy, unless there was a port without
 * one) and AuthCookie; the internal address and everything unknown goes. Order and spelling of what stays are the sender's.
 *
 * @param reader who is to dial us. A file's sender does so only when it is told with Sender-Connect (lcs.md B2)
 */
export function rewriteMeetingPlace(
  message: SipMessage,
  read: ReadInvitation,
  place: MeetingPlace,
  reader: "sender" | "receiver",
): readonly Splice[] {
  const ours = new Map([
    ["ip-address", place.address],
    ["port", String(place.port)],
    ["portx", String(disguisedPort(place.port))],
    ["authcookie", place.authCookie],
  ]);
  if (reader === "sender") ours.set("sender-connect", "TRUE");
  const names = namesIn(read.part);
  if (names.has("port") && !names.has("portx")) ours.delete("portx");
  return rewriteFields(message, read, (name) => KEPT.has(name), ours);
}

/** Takes the meeting place out of an ACCEPT: whoever gets it is to listen as well. */
export function hideMeetingPlace(message: SipMessage, read: ReadInvitation): readonly Splice[] {
  return rewriteFields(message, read, (name) => KEPT.has(name), new Map());
}

/**
 * Says in an invitation whether the file's sender can be connected to. With `Connectivity: N` the receiver's client listens
 * and says where; without it waits to be told where to connect (lcs.md B7.9).
 */
export function rewriteConnectivity(
  message: SipMessage,
  read: ReadInvitation,
  canListen: boolean,
): readonly Splice[] {
  const ours = new Map(canListen ? [] : [["connectivity", "N"]]);
  return rewriteFields(message, read, (name) => name !== "connectivity", ours);
}

/** Fields of `ours` get our value, those that `isKept` stay, the rest goes; what of ours is missing comes last. */
function rewriteFields(
  message: SipMessage,
  { part, decoded }: ReadInvitation,
  isKept: (name: string) => boolean,
  ours: ReadonlyMap<string, string>,
): readonly Splice[] {
  const lines: string[] = [];
  const written = namesIn(part);
  for (const line of part.text.split("\r\n")) {
    const name = nameOf(line);
    const value = ours.get(name.toLowerCase());
    if (value !== undefined) lines.push(`${name}: ${value}`);
    else if (line === "" || isKept(name.toLowerCase())) lines.push(line);
  }
  const missing = [...ours].filter(([name]) => !written.has(name));
  const last = lines.findLastIndex((line) => line !== "") + 1;
  lines.splice(last, 0, ...missing.map(([name, value]) => `${SPELLING[name] ?? name}: ${value}`));
  const text = lines.join("\r\n");
  return replaceTexts(message, { decoded, wrongLengths: [] }, [
    { place: part, bytes: Buffer.from(text, "utf8") },
  ]);
}

function namesIn({ text }: InvitationPart): ReadonlySet<string> {
  return new Set(text.split("\r\n").map((line) => nameOf(line).toLowerCase()));
}

function nameOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf(":")));
}

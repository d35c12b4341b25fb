import {
  hideMeetingPlace,
  rewriteConnectivity,
  rewriteMeetingPlace,
  type MeetingPlace,
  type ReadInvitation,
} from "../enforce/rewrite-invitation.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";

/** The edits of an ACCEPT that make the other peer, its reader, come to the relay instead (DESIGN invariant 3). */
export function redirectTransfer(
  request: SipRequest,
  read: ReadInvitation,
  place: MeetingPlace,
  reader: "sender" | "receiver",
): readonly Splice[] {
  return rewriteMeetingPlace(request, read, place, reader);
}

/** The edits of an ACCEPT after which its reader knows of no place to connect to, and listens. */
export function hideTransferPlace(request: SipRequest, read: ReadInvitation): readonly Splice[] {
  return hideMeetingPlace(request, read);
}

/** The edits of a file invitation that say whether its sender can be connected to. */
export function announceConnectivity(
  request: SipRequest,
  read: ReadInvitation,
  canListen: boolean,
): readonly Splice[] {
  return rewriteConnectivity(request, read, canListen);
}

import { detached } from "../base/detached.ts";
import { plainAddress } from "../base/plain-address.ts";
import type { InvitationPart } from "../inspect/inspection.ts";
import type { Direction } from "../policy/facts.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { RequestContext } from "../proxy/seams.ts";
import { isBehindNat } from "../wire/sip/behind-nat.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { offeredEncryption } from "./transfer-agreement.ts";
import { saysNat, type Seat, type TransferWays } from "./transfer-ways.ts";
import { transferKey, type Role, type SipLeg, type Transfer } from "./transfer.ts";

/** A message that holds an invitation, and who sends it. */
export interface TransferMessage {
  readonly request: SipRequest;
  readonly context: RequestContext;
  readonly hearing: HearingContext;
  readonly part: InvitationPart;
  readonly verdict: Verdict;
}

/** A new transfer, as offered; undefined when the offer lacks what it needs. Nothing in it holds on to the message. */
export function offeredBy(
  message: TransferMessage,
  leg: SipLeg,
  choose: (saysNat: boolean) => TransferWays,
): Transfer | undefined {
  const { request, part, hearing, verdict } = message;
  const { cookie, fileSize } = part.invitation;
  const file = verdict.inspection?.offers[0];
  const encryption = offeredEncryption(part.invitation);
  if (file === undefined || cookie === undefined || fileSize === undefined) return undefined;
  if (encryption === undefined) return undefined;
  const callId = detached(request.callId);
  hearing.rates?.detach?.();
  const isNat = saysNat(part.invitation.fields);
  return {
    key: transferKey(callId, cookie),
    callId,
    cookie: detached(cookie),
    file: { name: file.name, size: fileSize, declaredType: undefined },
    encryption,
    hearing,
    sender: {
      aor: hearing.from.aor,
      tag: detachedTag(request.fromTag),
      address: sourceOf(message),
      leg,
    },
    receiver: {
      aor: hearing.to.aor,
      tag: detachedTag(request.toTag),
      address: undefined,
      leg: undefined,
    },
    agreed: undefined,
    saysNat: isNat,
    ways: choose(isNat),
    isReceiverTellable: false,
    receiverListens: undefined,
    opened: undefined,
    state: "invited",
    stopped: undefined,
    cancelledBy: undefined,
    told: false,
  };
}

/** The text of an INVITE comes again as a MESSAGE, and after a challenge; to another user it is another offer. */
export function isSameOffer(known: Transfer, again: Transfer): boolean {
  return (
    known.state === "invited" &&
    known.sender.tag === again.sender.tag &&
    known.hearing.to.aor === again.hearing.to.aor &&
    known.file.size === again.file.size &&
    known.encryption === again.encryption &&
    known.file.name.raw === again.file.name.raw
  );
}

/** Which of the two sends this; a third one who has guessed the call is neither. */
export function roleOf(
  transfer: Transfer,
  { request, hearing }: TransferMessage,
): Role | undefined {
  const { fromTag, toTag } = request;
  if (fromTag === undefined) return undefined;
  if (fromTag === transfer.sender.tag) {
    const same = hearing.from.aor === transfer.sender.aor;
    const proven = hearing.from.authenticated || !transfer.hearing.from.authenticated;
    return same && proven ? "sender" : undefined;
  }
  const { agreed, receiver, sender } = transfer;
  if (toTag !== sender.tag || (receiver.tag ?? fromTag) !== fromTag) return undefined;
  // Whoever has accepted stays the one: the file is judged as one for that user, and a tag is no secret.
  return agreed === undefined || hearing.from.aor === receiver.aor ? "receiver" : undefined;
}

/** Notes what a message of one of the two tells of it: its tag, its address, its leg, and who accepts. */
export function noteSender(
  transfer: Transfer,
  role: Role,
  message: TransferMessage,
  leg: SipLeg,
): void {
  const peer = transfer[role];
  peer.leg = leg;
  peer.tag = detachedTag(message.request.fromTag);
  peer.address = sourceOf(message) ?? peer.address;
  if (role === "sender") return;
  const { side, signed } = message.context;
  transfer.isReceiverTellable = side === "client" && !signed;
  const { from, direction } = message.hearing;
  if (from.aor !== transfer.hearing.to.aor) {
    // Somebody else than was asked accepts: the file is judged as one for that user.
    const to = { ...from, ip: undefined, displayName: "", authenticated: false };
    transfer.hearing = { ...transfer.hearing, to, direction: REVERSED[direction] };
  }
  peer.aor = from.aor;
}

const REVERSED: Readonly<Record<Direction, Direction>> = {
  inbound: "outbound",
  outbound: "inbound",
  internal: "internal",
  transit: "transit",
};

/** Where a client's message came from; what comes by way of the server says nothing of it. */
export function sourceOf({ context }: TransferMessage): string | undefined {
  return context.side === "client" ? plainAddress(context.sourceAddress) : undefined;
}

/** Where the sender of this message is, by what it says of itself. */
export function seatOf(message: TransferMessage): Seat {
  const address = sourceOf(message);
  return { address, behindNat: address !== undefined && isBehindNat(message.request, address) };
}

function detachedTag(tag: string | undefined): string | undefined {
  return tag === undefined ? undefined : detached(tag);
}

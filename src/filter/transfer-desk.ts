import type { Clock } from "../base/clock.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { OriginationEnd, Originator } from "../proxy/origination.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { Relay } from "../relay/relay.ts";
import { announceConnectivity, hideTransferPlace, redirectTransfer } from "../judge.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { hostsFor, openRelay } from "./open-relay.ts";
import { namesMeeting, readAcceptance, type Acceptance, type Meeting } from "./read-acceptance.ts";
import { isChallenge } from "./settlement.ts";
import { coversBody } from "./signed-refusal.ts";
import { agreeOn } from "./transfer-agreement.ts";
import { TransferBook } from "./transfer-book.ts";
import {
  isSameOffer,
  noteSender,
  offeredBy,
  roleOf,
  seatOf,
  sourceOf,
  type TransferMessage,
} from "./transfer-message.ts";
import { awaitedReceiver, awaitedSender, dialledLeg, type TransferLegs } from "./transfer-legs.ts";
import { transferRefusal, type TransferRefusal } from "./transfer-refusal.ts";
import { weaknessOf, type TransferSecurity } from "./transfer-security.ts";
import { chooseWays, saysNat, type ConnectsSetting, type Seat } from "./transfer-ways.ts";
import { acceptText, cancelText, INVITATION_TYPE } from "./transfer-words.ts";
import {
  otherRole,
  type Agreement,
  type MeetingPlace,
  type OpenedTransfer,
  type Role,
  type SipLeg,
  type Transfer,
} from "./transfer.ts";

/**
 * The SIP half of file transfer in the LCS dialect (lcs.md B2, B3, B7): follows each transfer through its INVITE, ACCEPT and
 * CANCEL messages, opens the relay at the ACCEPT that names an address, and writes the relay's address in its place.
 *
 * Every message here has passed the rules already. What happens to the bytes is the relay's affair, what the scan means
 * that of file-desk.ts.
 */
export interface TransferDeskDeps {
  readonly clock: Clock;
  /** Undefined: `relay.msnftp: off`. */
  readonly relay: Relay | undefined;
  readonly originator: Originator;
  /** A new id, a ULID. */
  readonly newId: () => string;
  /** The IPv4 address of ours that a peer with this source address shall dial; undefined: there is none. */
  readonly mediaHost: (peerAddress: string | undefined) => string | undefined;
  readonly maxFileBytes: number;
  /** What is asked of transfers whose SIP comes from this address. */
  readonly securityOf: (sourceAddress: string) => TransferSecurity;
  /** Who is to connect on the leg of a peer with this source address (`relay.msnftp.connects`). */
  readonly connects: (peerAddress: string | undefined) => ConnectsSetting;
  /** Where the devices of this user are, as far as they have registered through us. */
  readonly seatsOf: (aor: string) => readonly Seat[];
  /** A transfer that never got to the relay is over: declined, withdrawn, refused. */
  readonly onEnded: (transfer: Transfer, how: "refused" | "abandoned") => void;
}

/** What becomes of a message that is a step of a transfer. */
export type TransferStep =
  | {
      readonly kind: "forward";
      readonly splices: readonly Splice[];
      readonly onEnd?: (end: TransactionEnd) => void;
    }
  /** To be answered 200 here: the other peer has no use for it. */
  | { readonly kind: "answer" }
  | {
      readonly kind: "refuse";
      readonly verdict: Verdict;
      /** To be called once the refusal is on record, or could not be recorded. */
      readonly after?: () => void;
    };

/** No user holds more than this share of the ports, as sender and receiver together. */
const USER_SHARE = 0.8;
/** After a challenge the same ACCEPT comes again with credentials; a port is not kept longer for one that does not. */
const CHALLENGED_MS = 10_000;
const FORWARD: TransferStep = { kind: "forward", splices: [] };
const IN_CLEAR: Agreement = { keys: undefined };
const ANSWER: TransferStep = { kind: "answer" };

export class TransferDesk {
  readonly #deps: TransferDeskDeps;
  readonly #book: TransferBook;

  constructor(deps: TransferDeskDeps) {
    this.#deps = deps;
    this.#book = new TransferBook(deps);
  }

  /** The transfer that the relay knows under this id. */
  ofRelay(relayId: string): Transfer | undefined {
    return this.#book.ofRelay(relayId);
  }

  /** Is this the cookie of a transfer of that call? */
  knows(callId: string, cookie: string): boolean {
    return this.#book.find(callId, cookie) !== undefined;
  }

  /** The relay is done with it; its cookie stays used. */
  close(transfer: Transfer): void {
    this.#book.close(transfer);
  }

  /** Nobody has to be told any more. */
  forget(transfer: Transfer): void {
    this.#book.unwatch(transfer);
  }

  take(message: TransferMessage): TransferStep | Promise<TransferStep> {
    const { method } = message.request;
    if (method !== "MESSAGE" && method !== "INVITE") return refuse(message, "not-a-message");
    if (message.verdict.action === "rewrite") return refuse(message, "changed-text");
    const { command } = message.part.invitation;
    if (command !== "CANCEL" && coversBody(message.request)) return refuse(message, "sealed-body");
    switch (command) {
      case "INVITE":
        return this.#invite(message);
      case "ACCEPT":
        return this.#accept(message);
      case "CANCEL":
        return this.#cancel(message);
    }
  }

  #invite(message: TransferMessage): TransferStep {
    const { request, part } = message;
    const { invitation } = part;
    const problem = this.#offerProblem(message);
    if (problem !== undefined) return refuse(message, problem);
    const { cookie = "" } = invitation;
    const known = this.#book.find(request.callId, cookie);
    const leg = this.#legOf(message);
    const transfer = offeredBy(message, leg, (isNat) => this.#chooseWays(message, isNat));
    if (transfer === undefined) return refuse(message, "broken-offer");
    const weakness = weaknessOf(leg, transfer.encryption === "none" ? IN_CLEAR : undefined);
    if (weakness !== undefined) return refuse(message, weakness.code, undefined, weakness.detail);
    if (known !== undefined) {
      const again = isSameOffer(known, transfer);
      return again ? this.#invited(message, known) : refuse(message, "cookie-used");
    }
    return this.#book.add(transfer) ? this.#invited(message, transfer) : refuse(message, "quota");
  }

  #chooseWays(message: TransferMessage, isNat: boolean): Transfer["ways"] {
    const { connects, seatsOf } = this.#deps;
    const receivers = seatsOf(message.hearing.to.aor);
    const offer = { saysNat: isNat, signed: message.context.signed };
    return chooseWays(offer, seatOf(message), receivers, connects);
  }

  #offerProblem(message: TransferMessage): TransferRefusal | undefined {
    const { request, part, verdict } = message;
    const { cookie, fileName, fileSize } = part.invitation;
    const { relay, maxFileBytes } = this.#deps;
    if (relay === undefined) return "relay-off";
    if (!message.hearing.from.authenticated) return "not-signed-in";
    if (cookie === undefined || fileName === undefined || fileSize === undefined)
      return "broken-offer";
    if (verdict.inspection?.offers.length !== 1 || request.fromTag === undefined)
      return "broken-offer";
    if (namesMeeting(part.invitation)) return "address-in-offer";
    if (fileSize > maxFileBytes) return "too-large";
    return relay.load.open >= relay.load.capacity ? "no-free-port" : undefined;
  }

  /** Whoever is asked may refuse the message itself; after a challenge it comes again. */
  #invited(message: TransferMessage, transfer: Transfer): TransferStep {
    const canListen = transfer.ways.receiver === "peer";
    const isSaid = saysNat(message.part.invitation.fields) !== canListen;
    return {
      kind: "forward",
      splices: isSaid ? [] : announceConnectivity(message.request, readOf(message), canListen),
      onEnd: (end) => {
        if (isTaken(end) || transfer.state !== "invited") return;
        this.#forget(transfer, "refused");
      },
    };
  }

  #accept(message: TransferMessage): TransferStep | Promise<TransferStep> {
    const { request, part, hearing } = message;
    const { cookie } = part.invitation;
    const transfer = cookie === undefined ? undefined : this.#book.find(request.callId, cookie);
    if (transfer === undefined) {
      return namesMeeting(part.invitation) ? refuse(message, "unknown-transfer") : FORWARD;
    }
    if (!hearing.from.authenticated) return refuse(message, "not-signed-in", transfer);
    const role = roleOf(transfer, message);
    if (role === undefined) return refuse(message, "not-a-party", transfer);
    const read = readAcceptance(part.invitation);
    if (!read.ok) return refuse(message, "broken-accept", transfer, read.problem);
    if (transfer.state === "ended") return refuse(message, "second-accept", transfer);
    noteSender(transfer, role, message, this.#legOf(message));
    const agreed = agreeOn(transfer, role, read.value.keys);
    if (!agreed.ok) {
      const { code, detail } = agreed.problem;
      if (transfer.agreed !== undefined) return refuse(message, code, transfer, detail);
      return this.#refuseToBoth(message, transfer, role, agreed.problem);
    }
    const { meeting } = read.value;
    if (transfer.opened !== undefined) return this.#acceptAgain(message, transfer, read.value);
    transfer.agreed = agreed.value;
    if (meeting === undefined) return this.#acceptedWithoutPlace(message, transfer, role);
    return this.#acceptedWithPlace(message, transfer, role, meeting);
  }

  #acceptedWithPlace(
    message: TransferMessage,
    transfer: Transfer,
    role: Role,
    meeting: Meeting,
  ): TransferStep | Promise<TransferStep> {
    const leg = dialledLeg(message, meeting);
    if (role === "sender") {
      const receiver = transfer.receiverListens?.leg ?? awaitedReceiver(transfer);
      return this.#open(message, transfer, role, { sender: leg, receiver });
    }
    const { ways } = transfer;
    if (ways.sender === "gateway" && ways.receiver === "gateway")
      return this.#receiverListens(message, transfer, meeting);
    return this.#open(message, transfer, role, { sender: awaitedSender(transfer), receiver: leg });
  }

  /** Its sender listens nowhere: the receiver by way of the invitation, or the sender that must come to us anyway. */
  #acceptedWithoutPlace(
    message: TransferMessage,
    transfer: Transfer,
    role: Role,
  ): TransferStep | Promise<TransferStep> {
    if (role === "sender") return FORWARD;
    if (transfer.state === "invited") transfer.state = "accepted";
    if (transfer.ways.sender === "gateway") return FORWARD;
    const { side, signed } = message.context;
    if (side === "client" && !signed) {
      const legs = { sender: awaitedSender(transfer), receiver: awaitedReceiver(transfer) };
      return this.#open(message, transfer, role, legs);
    }
    // The receiver could not be told where to connect to; whoever has not said that it cannot listen is asked to.
    if (transfer.saysNat)
      return this.#refuseToBoth(message, transfer, role, { code: "no-meeting-place" });
    transfer.ways = { ...transfer.ways, sender: "gateway" };
    return FORWARD;
  }

  /** Both listen: the sender learns nothing of where the receiver does, and so opens a place of its own. */
  #receiverListens(message: TransferMessage, transfer: Transfer, meeting: Meeting): TransferStep {
    const { text: fingerprint } = message.part;
    const known = transfer.receiverListens;
    if (known !== undefined && known.fingerprint !== fingerprint)
      return refuse(message, "second-accept", transfer);
    transfer.receiverListens = { leg: dialledLeg(message, meeting), fingerprint };
    if (transfer.state === "invited") transfer.state = "accepted";
    return { kind: "forward", splices: hideTransferPlace(message.request, readOf(message)) };
  }

  #legOf({ context, hearing }: TransferMessage): SipLeg {
    return {
      overTls: hearing.encrypted,
      security: this.#deps.securityOf(context.sourceAddress),
    };
  }

  /** The same ACCEPT once more (after a challenge, or at a second crossing) gets the same answer; any other is refused. */
  #acceptAgain(
    message: TransferMessage,
    transfer: Transfer,
    { meeting }: Acceptance,
  ): TransferStep | Promise<TransferStep> {
    const { opened } = transfer;
    if (opened === undefined) return refuse(message, "second-accept", transfer);
    return opened.places.then((places) => {
      if (places.kind === "refused") return refuse(message, "second-accept", transfer);
      const place = places[otherRole(opened.by)];
      const ours =
        place !== undefined &&
        meeting?.address === place.address &&
        meeting.port === place.port &&
        meeting.authCookie === place.authCookie;
      if (ours) return FORWARD;
      if (opened.fingerprint !== message.part.text)
        return refuse(message, "second-accept", transfer);
      opened.unclaimed?.cancel();
      return place === undefined ? ANSWER : this.#redirected(message, transfer, opened, place);
    });
  }

  async #open(
    message: TransferMessage,
    transfer: Transfer,
    by: Role,
    legs: TransferLegs,
  ): Promise<TransferStep> {
    const { relay, newId, mediaHost } = this.#deps;
    if (relay === undefined) return refuse(message, "relay-off", transfer);
    const { agreed } = transfer;
    // Before the receiver has spoken nobody knows whether there are keys; without them the file would run in clear.
    if (agreed === undefined)
      return refuse(message, "second-accept", transfer, "the receiver has not accepted yet");
    const isIpv6 = sourceOf(message)?.includes(":") === true;
    const hosts = isIpv6 ? undefined : hostsFor(transfer, legs, mediaHost);
    if (hosts === undefined) return refuse(message, "no-ipv4", transfer);
    // Its own words are not passed on: they are answered here.
    const isAnswered = legs[otherRole(by)].kind === "dial";
    if (isAnswered && message.context.signed)
      return this.#refuseToBoth(message, transfer, by, { code: "no-meeting-place" });
    const share = Math.ceil(relay.load.capacity * USER_SHARE);
    const { sender, receiver } = transfer;
    if (Math.max(this.#book.openOf(sender.aor), this.#book.openOf(receiver.aor)) >= share)
      return refuse(message, "quota", transfer);
    const relayId = newId();
    this.#book.opened(transfer, relayId);
    const places = openRelay(relay, relayId, transfer, {
      keys: agreed.keys,
      legs,
      hosts,
    });
    const { text: fingerprint } = message.part;
    const opened = {
      by,
      fingerprint,
      relayId,
      places,
      unclaimed: undefined,
      isReceiverTold: false,
    };
    transfer.opened = opened;
    transfer.state = "open";
    const result = await places;
    if (result.kind === "refused") {
      this.close(transfer);
      return this.#refuseToBoth(message, transfer, by, { code: result.reason });
    }
    const place = result[otherRole(by)];
    return place === undefined ? ANSWER : this.#redirected(message, transfer, opened, place);
  }

  /** Nothing can come of an offer whose answer is refused: the other one, who waits for it, hears so by CANCEL. */
  #refuseToBoth(
    message: TransferMessage,
    transfer: Transfer,
    role: Role,
    { code, detail }: { readonly code: TransferRefusal; readonly detail?: string },
  ): TransferStep {
    const tell = async (): Promise<void> => {
      await this.cancelBySip(transfer, otherRole(role));
      if (transfer.opened === undefined) this.#book.drop(transfer);
      else this.forget(transfer);
    };
    return { ...refuse(message, code, transfer, detail), after: () => void tell() };
  }

  #redirected(
    message: TransferMessage,
    transfer: Transfer,
    opened: OpenedTransfer,
    place: MeetingPlace,
  ): TransferStep {
    const reader = otherRole(opened.by);
    return {
      kind: "forward",
      splices: redirectTransfer(message.request, readOf(message), place, reader),
      onEnd: (end) => {
        const abort = (): void => this.#deps.relay?.abort(opened.relayId, "cancelled");
        if (!isTaken(end)) abort();
        else if (isChallenge(end)) {
          opened.unclaimed?.cancel();
          opened.unclaimed = this.#deps.clock.schedule(CHALLENGED_MS, abort);
        } else if (reader === "sender") void this.#tellReceiver(transfer, opened);
      },
    };
  }

  /** Where both connect to us the receiver waits for the ACCEPT of a sender that listens: it comes from us, once. */
  async #tellReceiver(transfer: Transfer, opened: OpenedTransfer): Promise<void> {
    const places = await opened.places;
    if (places.kind === "refused" || places.receiver === undefined || opened.isReceiverTold) return;
    opened.isReceiverTold = true;
    const end = await this.#say(transfer, "receiver", acceptText(transfer.cookie, places.receiver));
    const isTold = end.kind === "answered" && end.status < 300;
    if (!isTold) this.#deps.relay?.abort(opened.relayId, "not-told");
  }

  #cancel(message: TransferMessage): TransferStep | Promise<TransferStep> {
    const { request, part, hearing } = message;
    const transfer = this.#book.find(request.callId, part.invitation.cookie ?? "");
    if (transfer === undefined || transfer.state === "ended") return FORWARD;
    if (!hearing.from.authenticated) return refuse(message, "not-signed-in", transfer);
    const role = roleOf(transfer, message);
    if (role === undefined) return refuse(message, "not-a-party", transfer);
    if (namesMeeting(part.invitation)) return refuse(message, "address-in-offer", transfer);
    transfer.cancelledBy = role;
    const { opened } = transfer;
    if (opened === undefined) {
      this.#forget(transfer, role === "receiver" ? "refused" : "abandoned");
      return FORWARD;
    }
    // Not before the ACCEPT has its answer: a CANCEL that overtakes it ends nothing at the other client.
    return opened.places.then(() => {
      this.#deps.relay?.abort(opened.relayId, "cancelled");
      return FORWARD;
    });
  }

  #forget(transfer: Transfer, how: "refused" | "abandoned"): void {
    this.#book.drop(transfer);
    this.#deps.onEnded(transfer, how);
  }

  /** Tells a peer's client, in the dialog, that the transfer has failed (lcs.md E7); never rejects. */
  async cancelBySip(transfer: Transfer, role: Role): Promise<OriginationEnd> {
    return this.#say(transfer, role, cancelText(transfer.cookie));
  }

  /** Words of ours to one peer, in the name of the other; never rejects. */
  async #say(transfer: Transfer, role: Role, body: Buffer): Promise<OriginationEnd> {
    const to = transfer[role].tag;
    const from = transfer[otherRole(role)].tag;
    if (to === undefined || from === undefined) return { kind: "failed", reason: "no-leg" };
    return this.#deps.originator.sendInLeg({
      callId: transfer.callId,
      fromTag: from,
      toTag: to,
      contentType: INVITATION_TYPE,
      body,
    });
  }
}

/** What an edit of the invitation needs to know of it. */
function readOf({ part, verdict }: TransferMessage): Parameters<typeof redirectTransfer>[1] {
  return { part, decoded: verdict.inspection?.decoded };
}

function refuse(
  { part, verdict }: TransferMessage,
  code: TransferRefusal,
  transfer?: Transfer,
  detail = "",
): Extract<TransferStep, { kind: "refuse" }> {
  const offer = verdict.inspection?.offers[0];
  const offered = offer && { name: offer.name, size: offer.size, declaredType: undefined };
  return {
    kind: "refuse",
    verdict: transferRefusal(code, detail, {
      inspection: verdict.inspection,
      file: transfer?.file ?? offered,
      cookie: part.invitation.cookie,
    }),
  };
}

/** The message was taken, or comes once more with credentials. */
function isTaken(end: TransactionEnd): boolean {
  return isChallenge(end) || (end.status !== undefined && end.status < 300);
}

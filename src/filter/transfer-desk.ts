import { announceConnectivity, hideTransferPlace } from "../judge/redirect-transfer.ts";
import type { OriginationEnd } from "../proxy/origination.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { namesMeeting, readAcceptance, type Meeting } from "./read-acceptance.ts";
import { coversBody } from "./signed-refusal.ts";
import { tellPeer } from "./tell-peer.ts";
import { agreeOn } from "./transfer-agreement.ts";
import { TransferBook } from "./transfer-book.ts";
import { awaitedReceiver, awaitedSender, dialledLeg } from "./transfer-legs.ts";
import {
  isSameOffer,
  noteSender,
  offeredBy,
  roleOf,
  seatOf,
  type TransferMessage,
} from "./transfer-message.ts";
import { TransferOpener, type TransferOpenerDeps } from "./transfer-opener.ts";
import type { TransferRefusal } from "./transfer-refusal.ts";
import { weaknessOf, type TransferSecurity } from "./transfer-security.ts";
import { FORWARD, isTaken, readOf, refuse, type TransferStep } from "./transfer-step.ts";
import { chooseWays, saysNat, type ConnectsSetting, type Seat } from "./transfer-ways.ts";
import { cancelText } from "./transfer-words.ts";
import type { Agreement, Role, SipLeg, Transfer } from "./transfer.ts";

/**
 * The SIP half of file transfer in the LCS dialect (lcs.md B2, B3, B7): follows each transfer through its INVITE, ACCEPT and
 * CANCEL messages, opens the relay at the ACCEPT that names an address, and writes the relay's address in its place.
 *
 * Every message here has passed the rules already. What happens to the bytes is the relay's affair, what the scan means
 * that of file-desk.ts.
 */
export interface TransferDeskDeps extends TransferOpenerDeps {
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

/** For the record: the operator has two bounds to look at. */
function tooLargeFor(bytes: number): string {
  return `The file is larger than ${bytes} bytes (relay.max_file_size, or max_file_size of a required scan engine)`;
}

const IN_CLEAR: Agreement = { keys: undefined };

export class TransferDesk {
  readonly #deps: TransferDeskDeps;
  readonly #book: TransferBook;
  readonly #opener: TransferOpener;

  constructor(deps: TransferDeskDeps) {
    this.#deps = deps;
    this.#book = new TransferBook(deps);
    this.#opener = new TransferOpener(deps, this.#book);
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

  /** The file may be delivered: a receiver that connects to us hears where. */
  contact(transfer: Transfer): void {
    this.#opener.contact(transfer);
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

  /**
   * A conversation ends, and with it what was offered in it and not agreed on. A transfer whose peers have their connections,
   * or are about to, goes on for as long as they keep them: what a client makes of the end is its affair.
   *
   * @returns to be told how the BYE ended; undefined when nothing depends on it
   */
  hangUp({ callId, fromTag, toTag }: SipRequest): ((end: TransactionEnd) => void) | undefined {
    const offered = this.#book.ofCall(callId).filter(({ opened, sender, receiver }) => {
      const other = sender.tag === fromTag ? toTag : fromTag;
      const isOurs = sender.tag === fromTag || sender.tag === toTag;
      return opened === undefined && isOurs && (receiver.tag ?? other) === other;
    });
    if (offered.length === 0) return undefined;
    return ({ status = 500 }) => {
      if (status >= 300) return;
      for (const transfer of offered) {
        if (transfer.opened === undefined && transfer.state !== "ended")
          this.#forget(transfer, "abandoned");
      }
    };
  }

  #invite(message: TransferMessage): TransferStep {
    const { request, part } = message;
    const { invitation } = part;
    const problem = this.#offerProblem(message);
    if (problem !== undefined) {
      const detail = problem === "too-large" ? tooLargeFor(this.#deps.maxFileBytes) : "";
      return refuse(message, problem, undefined, detail);
    }
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
    if (!this.#opener.hasPortsFor(transfer)) return refuse(message, "no-free-port");
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
    return relay.load.open >= relay.load.capacity ? "too-many-transfers" : undefined;
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
      return this.#opener.refuseToBoth(message, transfer, role, agreed.problem);
    }
    const { meeting } = read.value;
    if (transfer.opened !== undefined)
      return this.#opener.again(message, transfer, role, read.value);
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
      return this.#opener.open(message, transfer, role, { sender: leg, receiver });
    }
    const { ways } = transfer;
    if (ways.sender === "gateway" && ways.receiver === "gateway")
      return this.#receiverListens(message, transfer, meeting);
    return this.#opener.open(message, transfer, role, {
      sender: awaitedSender(transfer),
      receiver: leg,
    });
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
    if (transfer.isReceiverTellable) {
      const legs = { sender: awaitedSender(transfer), receiver: awaitedReceiver(transfer) };
      return this.#opener.open(message, transfer, role, legs);
    }
    // The receiver could not be told where to connect to; whoever has not said that it cannot listen is asked to.
    if (transfer.saysNat)
      return this.#opener.refuseToBoth(message, transfer, role, { code: "no-meeting-place" });
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
    return tellPeer(this.#deps.originator, transfer, role, cancelText(transfer.cookie));
  }
}

import type { Clock } from "../base/clock.ts";
import { redirectTransfer } from "../judge/redirect-transfer.ts";
import type { Originator } from "../proxy/origination.ts";
import type { Contact, Relay, RelayLoad } from "../relay/relay.ts";
import { hostsFor, openRelay } from "./open-relay.ts";
import type { Acceptance } from "./read-acceptance.ts";
import { isChallenge } from "./settlement.ts";
import { tellPeer } from "./tell-peer.ts";
import type { TransferBook } from "./transfer-book.ts";
import type { TransferLegs } from "./transfer-legs.ts";
import { sourceOf, type TransferMessage } from "./transfer-message.ts";
import type { TransferRefusal } from "./transfer-refusal.ts";
import { ANSWER, isTaken, readOf, refuse, type TransferStep } from "./transfer-step.ts";
import { acceptText, cancelText } from "./transfer-words.ts";
import {
  otherRole,
  type MeetingPlace,
  type OpenedTransfer,
  type Role,
  type Transfer,
} from "./transfer.ts";

export interface TransferOpenerDeps {
  readonly clock: Clock;
  /** Undefined: `relay.msnftp: off`. */
  readonly relay: Relay | undefined;
  readonly originator: Originator;
  /** A new id, a ULID. */
  readonly newId: () => string;
  /** The IPv4 address of ours that a peer with this source address shall dial; undefined: there is none. */
  readonly mediaHost: (peerAddress: string | undefined) => string | undefined;
  /** When receivers are met (`relay.msnftp.contact`). */
  readonly contact: Contact;
}

/** No user holds more than this share of the transfers, and of the ports that they need, as sender and receiver together. */
const USER_SHARE = 0.8;
/** After a challenge the same ACCEPT comes again with credentials; a port is not kept longer for one that does not. */
const CHALLENGED_MS = 10_000;

/**
 * Opens the relay for a transfer whose two legs are known, and tells the peers where to connect to: one by the ACCEPT of the
 * other, and where both connect to us the receiver by one of our own.
 */
export class TransferOpener {
  readonly #deps: TransferOpenerDeps;
  readonly #book: TransferBook;

  constructor(deps: TransferOpenerDeps, book: TransferBook) {
    this.#deps = deps;
    this.#book = book;
  }

  /** Nobody is asked about a file for which there is no port; whether there still is one is seen when it is opened. */
  hasPortsFor({ ways }: Transfer): boolean {
    const { freePorts, doors } = this.#deps.relay?.load ?? { freePorts: 0, doors: 0 };
    const own = ways.sender === "peer" ? 1 : 0;
    const isShared = ways.receiver === "gateway" || doors > 0;
    return freePorts >= own + (isShared ? 0 : 1);
  }

  async open(
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
    if (hosts === undefined) return this.refuseToBoth(message, transfer, by, { code: "no-ipv4" });
    // Its own words are not passed on: they are answered here.
    const isAnswered = legs[otherRole(by)].kind === "dial";
    if (isAnswered && message.context.signed)
      return this.refuseToBoth(message, transfer, by, { code: "no-meeting-place" });
    const hasOwnPort = legs.sender.kind === "await";
    if (this.#isBeyondShare(transfer, legs, relay.load))
      return this.refuseToBoth(message, transfer, by, { code: "quota" });
    const relayId = newId();
    this.#book.opened(transfer, relayId);
    const contact = this.#contactFor(message, transfer, by, legs);
    const places = openRelay(relay, relayId, transfer, { keys: agreed.keys, legs, hosts, contact });
    const { text: fingerprint } = message.part;
    const opened: OpenedTransfer = {
      by,
      fingerprint,
      relayId,
      places,
      unclaimed: undefined,
      hasOwnPort,
      door: legs.receiver.kind === "await" ? "being opened" : undefined,
      contact,
      isReceiverTold: false,
    };
    transfer.opened = opened;
    transfer.state = "open";
    const result = await places;
    if (result.kind === "refused") {
      this.#book.close(transfer);
      return this.refuseToBoth(message, transfer, by, { code: result.reason });
    }
    opened.door = result.receiver?.port;
    return this.#passOn(message, transfer, opened, result[otherRole(by)]);
  }

  /** The file may be delivered: the receiver, which waits for the sender's ACCEPT, hears where to connect to. */
  contact(transfer: Transfer): void {
    if (transfer.opened !== undefined) void this.#tellReceiver(transfer, transfer.opened);
  }

  /**
   * Deferred where that is possible, both legs at once where it is not: the sender's ACCEPT must be ours to answer, and the
   * receiver must take the one that we send later.
   */
  #contactFor(
    { context }: TransferMessage,
    transfer: Transfer,
    by: Role,
    { receiver }: TransferLegs,
  ): Contact {
    if (this.#deps.contact === "both" || receiver.kind === "dial") return this.#deps.contact;
    const isAnswerable = by === "receiver" || !context.signed;
    return isAnswerable && transfer.isReceiverTellable ? "deferred" : "both";
  }

  /**
   * The same ACCEPT once more (after a challenge, or at a second crossing) gets the same answer; any other is refused. The one who gets our
   * place knows it, and must not go on with it as if it were its own.
   */
  again(
    message: TransferMessage,
    transfer: Transfer,
    by: Role,
    { meeting }: Acceptance,
  ): TransferStep | Promise<TransferStep> {
    const { opened } = transfer;
    if (opened === undefined || opened.by !== by) return refuse(message, "second-accept", transfer);
    return opened.places.then((places) => {
      if (places.kind === "refused") return refuse(message, "second-accept", transfer);
      const place = places[otherRole(by)];
      if (place !== undefined && isSamePlace(meeting, place)) {
        const splices = redirectTransfer(message.request, readOf(message), place, otherRole(by));
        return { kind: "forward", splices };
      }
      if (opened.fingerprint !== message.part.text)
        return refuse(message, "second-accept", transfer);
      opened.unclaimed?.cancel();
      return this.#passOn(message, transfer, opened, place);
    });
  }

  /** An ACCEPT goes on with our place in it; or is answered here, if it is nobody's or for later. */
  #passOn(
    message: TransferMessage,
    transfer: Transfer,
    opened: OpenedTransfer,
    place: MeetingPlace | undefined,
  ): TransferStep {
    const isForLater = opened.contact === "deferred" && opened.by === "sender";
    if (place === undefined || isForLater) return ANSWER;
    return this.#redirected(message, transfer, opened, place);
  }

  /** Nothing can come of an offer whose answer is refused: the other one, who waits for it, hears so by CANCEL. */
  refuseToBoth(
    message: TransferMessage,
    transfer: Transfer,
    role: Role,
    { code, detail }: { readonly code: TransferRefusal; readonly detail?: string },
  ): TransferStep {
    const tell = async (): Promise<void> => {
      const words = cancelText(transfer.cookie);
      await tellPeer(this.#deps.originator, transfer, otherRole(role), words);
      if (transfer.opened === undefined) this.#book.drop(transfer);
      else this.#book.unwatch(transfer);
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
        } else if (reader === "sender" && opened.contact === "both")
          void this.#tellReceiver(transfer, opened);
      },
    };
  }

  /** A receiver that connects to us waits for the ACCEPT of a sender that listens: this one comes from us, once. */
  async #tellReceiver(transfer: Transfer, opened: OpenedTransfer): Promise<void> {
    const places = await opened.places;
    if (places.kind === "refused" || places.receiver === undefined || opened.isReceiverTold) return;
    opened.isReceiverTold = true;
    const words = acceptText(transfer.cookie, places.receiver);
    const end = await tellPeer(this.#deps.originator, transfer, "receiver", words);
    const isTold = end.kind === "answered" && end.status < 300;
    if (!isTold) this.#deps.relay?.abort(opened.relayId, "not-told");
  }

  /** Of the ports, where another one is needed, and of everything. */
  #isBeyondShare({ sender, receiver }: Transfer, legs: TransferLegs, load: RelayLoad): boolean {
    const own = legs.sender.kind === "await" ? 1 : 0;
    const needed = own + (legs.receiver.kind === "await" && load.doors === 0 ? 1 : 0);
    return [sender.aor, receiver.aor].some((aor) => {
      const { open, ports } = this.#book.openOf(aor);
      const isPortsShare = needed > 0 && ports + needed > Math.ceil(load.ports * USER_SHARE);
      return isPortsShare || open >= Math.ceil(load.capacity * USER_SHARE);
    });
  }
}

function isSamePlace(meeting: Acceptance["meeting"], place: MeetingPlace): boolean {
  const { address, port, authCookie } = place;
  return meeting?.address === address && meeting.port === port && meeting.authCookie === authCookie;
}

import type { Clock } from "../base/clock.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { OriginationEnd, Originator } from "../proxy/origination.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { LegPlan, Relay } from "../relay/relay.ts";
import { redirectTransfer } from "../judge.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { namesMeeting, readAcceptance, type Acceptance, type Meeting } from "./read-acceptance.ts";
import { isChallenge } from "./settlement.ts";
import { coversBody } from "./signed-refusal.ts";
import { agreeOn, type Disagreement } from "./transfer-agreement.ts";
import { TransferBook } from "./transfer-book.ts";
import {
  isSameOffer,
  noteSender,
  offeredBy,
  roleOf,
  sourceOf,
  type TransferMessage,
} from "./transfer-message.ts";
import { writeStory } from "./transfer-story.ts";
import { transferRefusal, type TransferRefusal } from "./transfer-refusal.ts";
import { weaknessOf, type TransferSecurity } from "./transfer-security.ts";
import {
  otherRole,
  type Agreement,
  type OpenedPlace,
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
    const transfer = offeredBy(message, leg);
    if (transfer === undefined) return refuse(message, "broken-offer");
    const weakness = weaknessOf(leg, transfer.encryption === "none" ? IN_CLEAR : undefined);
    if (weakness !== undefined) return refuse(message, weakness.code, undefined, weakness.detail);
    if (known !== undefined) {
      const again = isSameOffer(known, transfer);
      return again ? this.#invited(known) : refuse(message, "cookie-used");
    }
    return this.#book.add(transfer) ? this.#invited(transfer) : refuse(message, "quota");
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
  #invited(transfer: Transfer): TransferStep {
    return {
      kind: "forward",
      splices: [],
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
    if (!agreed.ok) return this.#refuseToBoth(message, transfer, role, agreed.problem);
    const { meeting } = read.value;
    if (transfer.opened !== undefined) return this.#acceptAgain(message, transfer, read.value);
    transfer.agreed = agreed.value;
    if (meeting === undefined) {
      if (transfer.state === "invited" && role === "receiver") transfer.state = "accepted";
      return FORWARD;
    }
    if (transfer.agreed === undefined)
      return refuse(message, "second-accept", transfer, "the receiver has not accepted yet");
    const { keys } = transfer.agreed;
    return this.#open(message, transfer, { role, meeting, keys, fingerprint: part.text });
  }

  /** Nothing can come of an offer whose answer is refused: the other one, who waits for it, hears so by CANCEL. */
  #refuseToBoth(
    message: TransferMessage,
    transfer: Transfer,
    role: Role,
    { code, detail }: Disagreement,
  ): TransferStep {
    const refusal = refuse(message, code, transfer, detail);
    if (transfer.agreed !== undefined) return refusal;
    const after = (): void => {
      void this.cancelBySip(transfer, otherRole(role)).then(() => this.#book.drop(transfer));
    };
    return { ...refusal, after };
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
    return opened.place.then((place) => {
      if (place.kind === "refused") return refuse(message, "second-accept", transfer);
      const ours =
        meeting?.address === place.address &&
        meeting.port === place.port &&
        meeting.authCookie === place.authCookie;
      if (ours) return FORWARD;
      if (opened.fingerprint !== message.part.text)
        return refuse(message, "second-accept", transfer);
      opened.unclaimed?.cancel();
      return this.#redirected(message, transfer, place);
    });
  }

  async #open(
    message: TransferMessage,
    transfer: Transfer,
    opening: Opening,
  ): Promise<TransferStep> {
    const { relay, newId } = this.#deps;
    if (relay === undefined) return refuse(message, "relay-off", transfer);
    const host = this.#hostFor(message, transfer, opening.role);
    if (host === undefined) return refuse(message, "no-ipv4", transfer);
    const share = Math.ceil(relay.load.capacity * USER_SHARE);
    const { sender, receiver } = transfer;
    if (Math.max(this.#book.openOf(sender.aor), this.#book.openOf(receiver.aor)) >= share)
      return refuse(message, "quota", transfer);
    const relayId = newId();
    this.#book.opened(transfer, relayId);
    const place = this.#openRelay(relay, relayId, { message, transfer, opening, host });
    transfer.opened = { fingerprint: opening.fingerprint, relayId, place, unclaimed: undefined };
    transfer.state = "open";
    const result = await place;
    if (result.kind === "place") return this.#redirected(message, transfer, result);
    this.close(transfer);
    const refusal = refuse(message, result.reason, transfer);
    const told = otherRole(opening.role);
    const after = (): void => {
      void this.cancelBySip(transfer, told).then(() => this.forget(transfer));
    };
    return { ...refusal, after };
  }

  async #openRelay(relay: Relay, relayId: string, asked: Asked): Promise<OpenedPlace> {
    const { message, transfer, opening, host } = asked;
    const { role, meeting, keys } = opening;
    const opened = await relay.open({
      id: relayId,
      keys,
      size: transfer.file.size,
      user: userOf(transfer.receiver.aor),
      ...legsOf(transfer, role, {
        // Who claims another address than it speaks from is not believed: the relay would dial anybody for it.
        kind: "dial",
        ...meeting,
        address: sourceOf(message) ?? meeting.address,
      }),
      owner: transfer.sender.aor,
      story: writeStory(transfer),
    });
    if (opened.kind === "refused") return opened;
    const place = opened[otherRole(role)];
    if (place === undefined) return { kind: "refused", reason: "unavailable" };
    return { kind: "place", address: host, ...place };
  }

  /** The address of ours for the peer that dials. The dialect knows IPv4 only, and so it must be on both ways. */
  #hostFor(message: TransferMessage, transfer: Transfer, listening: Role): string | undefined {
    const source = sourceOf(message);
    if (source?.includes(":") === true) return undefined;
    return this.#deps.mediaHost(transfer[otherRole(listening)].address);
  }

  #redirected(
    message: TransferMessage,
    transfer: Transfer,
    place: Extract<OpenedPlace, { kind: "place" }>,
  ): TransferStep {
    const { part, verdict } = message;
    return {
      kind: "forward",
      splices: redirectTransfer(
        message.request,
        { part, decoded: verdict.inspection?.decoded },
        place,
      ),
      onEnd: (end) => {
        const { opened } = transfer;
        if (opened === undefined) return;
        const abort = (): void => this.#deps.relay?.abort(opened.relayId, "cancelled");
        if (!isTaken(end)) abort();
        else if (isChallenge(end)) {
          opened.unclaimed?.cancel();
          opened.unclaimed = this.#deps.clock.schedule(CHALLENGED_MS, abort);
        }
      },
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
    return opened.place.then(() => {
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
    const to = transfer[role].tag;
    const from = transfer[otherRole(role)].tag;
    if (to === undefined || from === undefined) return { kind: "failed", reason: "no-leg" };
    const lines = [
      "Invitation-Command: CANCEL",
      `Invitation-Cookie: ${transfer.cookie}`,
      "Cancel-Code: FTTIMEOUT",
      "",
    ];
    return this.#deps.originator.sendInLeg({
      callId: transfer.callId,
      fromTag: from,
      toTag: to,
      contentType: "text/x-msmsgsinvite; charset=UTF-8",
      body: Buffer.from(lines.join("\r\n"), "latin1"),
    });
  }
}

/** The ACCEPT that names an address: who sent it, and what the relay needs. */
interface Opening {
  readonly role: Role;
  readonly meeting: Meeting;
  readonly keys: Agreement["keys"];
  readonly fingerprint: string;
}

interface Asked {
  readonly message: TransferMessage;
  readonly transfer: Transfer;
  readonly opening: Opening;
  /** Ours, for the peer that dials. */
  readonly host: string;
}

/** The relay dials the one that listens, and awaits the other. */
function legsOf(
  transfer: Transfer,
  listening: Role,
  dialled: LegPlan,
): { readonly sender: LegPlan; readonly receiver: LegPlan } {
  const { sender, receiver } = transfer;
  if (listening === "sender") {
    const { address: expected } = receiver;
    return { sender: dialled, receiver: { kind: "await", onlyFrom: undefined, expected } };
  }
  // The file's receiver proves itself by its cookie; the sender that dials us only by its keys.
  const { address } = sender;
  return {
    sender: { kind: "await", onlyFrom: address, expected: address },
    receiver: dialled,
  };
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

/** "sip:bob@example.com" is "bob@example.com" in USR. */
function userOf(aor: string): string {
  return aor.replace(/^sips?:/i, "");
}

/** The message was taken, or comes once more with credentials. */
function isTaken(end: TransactionEnd): boolean {
  return isChallenge(end) || (end.status !== undefined && end.status < 300);
}

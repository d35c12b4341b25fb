import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { InvitationPart } from "../inspect/inspection.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { OriginationEnd, Originator } from "../proxy/origination.ts";
import type { RequestContext, TransactionEnd } from "../proxy/seams.ts";
import type { Relay } from "../relay/relay.ts";
import { redirectTransfer } from "../judge.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { namesMeeting, readAcceptance, type Acceptance, type Meeting } from "./read-acceptance.ts";
import { isChallenge } from "./settlement.ts";
import { coversBody } from "./signed-refusal.ts";
import { writeStory } from "./transfer-story.ts";
import { transferRefusal, type TransferRefusal } from "./transfer-refusal.ts";
import { otherRole, transferKey, type OpenedPlace, type Role, type Transfer } from "./transfer.ts";

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
  /** The host of ours that a peer with this source address shall dial. */
  readonly mediaHost: (peerAddress: string | undefined) => string;
  readonly maxFileBytes: number;
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
      /** To be called once the refusal is on record. */
      readonly after?: () => void;
    };

/** A message that holds an invitation, and who sends it. */
export interface TransferMessage {
  readonly request: SipRequest;
  readonly context: RequestContext;
  readonly hearing: HearingContext;
  readonly part: InvitationPart;
  readonly verdict: Verdict;
}

/** How long an invitation may lie unanswered, and a finished transfer's cookie stays used. */
const MEMORY_MS = 3_600_000;
const MAX_TRANSFERS = 10_000;
const FORWARD: TransferStep = { kind: "forward", splices: [] };

export class TransferDesk {
  readonly #deps: TransferDeskDeps;
  readonly #transfers: ExpiringMap<Transfer>;
  readonly #byRelayId = new Map<string, Transfer>();
  /** Transfers of each call whose legs are watched: one call may have several, one after the other or at once. */
  readonly #watched = new Map<string, Set<Transfer>>();

  constructor(deps: TransferDeskDeps) {
    this.#deps = deps;
    this.#transfers = new ExpiringMap(deps.clock, {
      ttlMs: MEMORY_MS,
      maxEntries: MAX_TRANSFERS,
      // What the relay still has ends there.
      onExpire: (transfer) => {
        if (transfer.opened === undefined) this.forget(transfer);
      },
    });
  }

  /** The transfer that the relay knows under this id. */
  ofRelay(relayId: string): Transfer | undefined {
    return this.#byRelayId.get(relayId);
  }

  /** The relay is done with it; its cookie stays used. */
  close(transfer: Transfer): void {
    transfer.state = "ended";
    if (transfer.opened !== undefined) this.#byRelayId.delete(transfer.opened.relayId);
  }

  /** Nobody has to be told any more. */
  forget(transfer: Transfer): void {
    const { callId } = transfer;
    const watched = this.#watched.get(callId);
    if (watched?.delete(transfer) !== true || watched.size > 0) return;
    this.#watched.delete(callId);
    this.#deps.originator.unwatch(callId);
  }

  #watch(transfer: Transfer): void {
    const { callId } = transfer;
    const watched = this.#watched.get(callId) ?? new Set();
    this.#watched.set(callId, watched.add(transfer));
    this.#deps.originator.watch(callId);
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
    const { request, hearing, part } = message;
    const { invitation } = part;
    // An application that is no file transfer: the rules have allowed it.
    if (message.verdict.inspection?.offers.some((offer) => offer.channel !== "msnftp") === true)
      return FORWARD;
    const problem = this.#offerProblem(message);
    if (problem !== undefined) return refuse(message, problem);
    const { cookie = "", fileSize = 0 } = invitation;
    const key = transferKey(request.callId, cookie);
    const known = this.#transfers.get(key);
    const file = message.verdict.inspection?.offers[0];
    if (file === undefined) return refuse(message, "broken-offer");
    if (known !== undefined) {
      const same =
        known.state === "invited" &&
        known.sender.tag === request.fromTag &&
        known.file.size === fileSize &&
        known.file.name.raw === file.name.raw;
      return same ? this.#invited(known) : refuse(message, "cookie-used");
    }
    const transfer: Transfer = {
      key,
      callId: request.callId,
      cookie,
      file: { name: file.name, size: fileSize, declaredType: undefined },
      hearing,
      sender: { aor: hearing.from.aor, tag: request.fromTag, address: sourceOf(message) },
      receiver: {
        aor: hearing.to.aor,
        tag: request.toTag,
        address: undefined,
      },
      keys: undefined,
      opened: undefined,
      state: "invited",
      stopped: undefined,
      cancelledBy: undefined,
      told: false,
    };
    this.#transfers.set(key, transfer);
    this.#watch(transfer);
    return this.#invited(transfer);
  }

  #offerProblem({ request, part, verdict }: TransferMessage): TransferRefusal | undefined {
    const { cookie, fileName, fileSize, fields } = part.invitation;
    const { relay, maxFileBytes } = this.#deps;
    if (relay === undefined) return "relay-off";
    if (cookie === undefined || fileName === undefined || fileSize === undefined)
      return "broken-offer";
    if (verdict.inspection?.offers.length !== 1 || request.fromTag === undefined)
      return "broken-offer";
    if (namesMeeting(part.invitation)) return "address-in-offer";
    if (!/^[RS]$/.test(fields.get("encryption") ?? "")) return "unencrypted";
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
    const { request, part } = message;
    const { cookie } = part.invitation;
    const transfer =
      cookie === undefined ? undefined : this.#transfers.get(transferKey(request.callId, cookie));
    if (transfer === undefined) {
      return namesMeeting(part.invitation) ? refuse(message, "unknown-transfer") : FORWARD;
    }
    const role = roleOf(transfer, message);
    if (role === undefined) return refuse(message, "not-a-party", transfer);
    const read = readAcceptance(part.invitation);
    if (!read.ok) return refuse(message, "broken-accept", transfer, read.problem);
    if (transfer.state === "ended") return refuse(message, "second-accept", transfer);
    note(transfer, role, message);
    const { meeting } = read.value;
    if (transfer.opened !== undefined) return this.#acceptAgain(message, transfer, read.value);
    const keys = role === "receiver" ? (read.value.keys ?? transfer.keys) : transfer.keys;
    if (role === "receiver" && keys === undefined) return refuse(message, "unencrypted", transfer);
    if (transfer.keys !== undefined && keys !== undefined && !sameKeys(transfer.keys, keys)) {
      return refuse(message, "second-accept", transfer);
    }
    transfer.keys = keys;
    if (meeting === undefined) {
      if (transfer.state === "invited" && role === "receiver") transfer.state = "accepted";
      return FORWARD;
    }
    if (keys === undefined) return refuse(message, "second-accept", transfer, "no keys yet");
    return this.#open(message, transfer, { role, meeting, keys, fingerprint: part.text });
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
    const relayId = newId();
    const place = this.#openRelay(relay, relayId, { message, transfer, opening });
    transfer.opened = { fingerprint: opening.fingerprint, relayId, place };
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
    const { message, transfer, opening } = asked;
    const { role, meeting, keys } = opening;
    this.#byRelayId.set(relayId, transfer);
    const opened = await relay.open({
      id: relayId,
      ...keys,
      size: transfer.file.size,
      user: userOf(transfer.receiver.aor),
      listening: role,
      // Who claims another address than it speaks from is not believed: the relay would dial anybody for it.
      peer: { ...meeting, address: sourceOf(message) ?? meeting.address },
      // The file's receiver proves itself by its cookie; the sender that dials us only by its keys.
      dialler: role === "receiver" ? transfer.sender.address : undefined,
      owner: transfer.sender.aor,
      story: writeStory(transfer),
    });
    if (opened.kind === "refused") return opened;
    const { port, authCookie } = opened;
    const address = this.#deps.mediaHost(transfer[otherRole(role)].address);
    return { kind: "place", address, port, authCookie };
  }

  #redirected(
    message: TransferMessage,
    transfer: Transfer,
    place: Extract<OpenedPlace, { kind: "place" }>,
  ): TransferStep {
    return {
      kind: "forward",
      splices: redirectTransfer(message.request, message.part, place),
      onEnd: (end) => {
        const { opened } = transfer;
        if (!isTaken(end) && opened !== undefined)
          this.#deps.relay?.abort(opened.relayId, "cancelled");
      },
    };
  }

  #cancel(message: TransferMessage): TransferStep {
    const { request, part } = message;
    const transfer = this.#transfers.get(transferKey(request.callId, part.invitation.cookie ?? ""));
    if (transfer === undefined || transfer.state === "ended") return FORWARD;
    const role = roleOf(transfer, message);
    if (role === undefined) return refuse(message, "not-a-party", transfer);
    transfer.cancelledBy = role;
    if (transfer.opened === undefined) {
      this.#forget(transfer, role === "receiver" ? "refused" : "abandoned");
    } else {
      this.#deps.relay?.abort(transfer.opened.relayId, "cancelled");
    }
    return FORWARD;
  }

  #forget(transfer: Transfer, how: "refused" | "abandoned"): void {
    this.close(transfer);
    this.forget(transfer);
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
  readonly keys: NonNullable<Transfer["keys"]>;
  readonly fingerprint: string;
}

interface Asked {
  readonly message: TransferMessage;
  readonly transfer: Transfer;
  readonly opening: Opening;
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

/** Which of the two sends this; a third one who has guessed the call is neither. */
function roleOf(transfer: Transfer, { request, hearing }: TransferMessage): Role | undefined {
  const { fromTag, toTag } = request;
  if (fromTag === undefined) return undefined;
  if (fromTag === transfer.sender.tag) {
    const same = hearing.from.aor === transfer.sender.aor;
    const proven = hearing.from.authenticated || !transfer.hearing.from.authenticated;
    return same && proven ? "sender" : undefined;
  }
  if (toTag !== transfer.sender.tag) return undefined;
  return (transfer.receiver.tag ?? fromTag) === fromTag ? "receiver" : undefined;
}

function note(transfer: Transfer, role: Role, message: TransferMessage): void {
  const peer = transfer[role];
  peer.tag = message.request.fromTag;
  peer.address = sourceOf(message) ?? peer.address;
  if (role === "receiver") peer.aor = message.hearing.from.aor;
}

/** Where a client's message came from; what comes by way of the server says nothing of it. */
function sourceOf({ context }: TransferMessage): string | undefined {
  return context.side === "client" ? context.sourceAddress : undefined;
}

function sameKeys(a: Transfer["keys"], b: Transfer["keys"]): boolean {
  return a?.encryptionKey === b?.encryptionKey && a?.hashKey === b?.hashKey;
}

/** "sip:bob@example.com" is "bob@example.com" in USR. */
function userOf(aor: string): string {
  return aor.replace(/^sips?:/i, "");
}

/** The message was taken, or comes once more with credentials. */
function isTaken(end: TransactionEnd): boolean {
  return isChallenge(end) || (end.status !== undefined && end.status < 300);
}

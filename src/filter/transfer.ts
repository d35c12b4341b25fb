import type { ScheduledCall } from "../base/clock.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { FileFacts } from "../policy/facts.ts";
import type { Contact, LegPlan, RelayRefusal } from "../relay/relay.ts";
import type { TransferSecurity } from "./transfer-security.ts";
import type { TransferWays } from "./transfer-ways.ts";

/**
 * One file transfer of the LCS dialect, from its invitation to its end, as the SIP side knows it. The relay knows the
 * other half (legs, bytes, scan) under `relayId`.
 */
export interface Transfer {
  readonly key: string;
  readonly callId: string;
  /** Invitation-Cookie, decimal. */
  readonly cookie: string;
  readonly file: FileFacts & { readonly size: number };
  /** What the offer says of encryption (lcs.md B2: R, S, or no such field). */
  readonly encryption: OfferedEncryption;
  /** Who, to whom, which way: of the invitation, and from the receiver's ACCEPT on with whoever accepts. */
  hearing: HearingContext;
  readonly sender: Peer;
  readonly receiver: Peer;
  /** From the receiver's ACCEPT; undefined until it has come. */
  agreed: Agreement | undefined;
  /** Its invitation bore `Connectivity: N`. */
  readonly saysNat: boolean;
  /** Who connects, as chosen at its invitation. */
  ways: TransferWays;
  /** Its receiver's client takes words of ours: it has answered from a client's side, and does not sign. */
  isReceiverTellable: boolean;
  /** The receiver listens as well as the sender will; `fingerprint` is the text that said so. */
  receiverListens: { readonly leg: LegPlan; readonly fingerprint: string } | undefined;
  opened: OpenedTransfer | undefined;
  state: "invited" | "accepted" | "open" | "ended";
  /** The incident of a verdict against it. */
  stopped: StoppedTransfer | undefined;
  /** A peer ended it by SIP, and needs no CANCEL of ours. */
  cancelledBy: Role | undefined;
  /** The clients have been told by SIP that it failed. */
  told: boolean;
}

export type Role = "sender" | "receiver";

export type OfferedEncryption = "required" | "supported" | "none";

/** How the bytes will run, on both connections. */
export interface Agreement {
  /** Undefined: in clear, the plain variant MSNFTP. */
  readonly keys: TransferKeys | undefined;
}

/** What is known of one of the two. */
export interface Peer {
  /** Address of record; for the receiver the one that its own messages bear, as soon as there is one. */
  aor: string;
  /** Tag in the dialog. */
  tag: string | undefined;
  /** Source address of its SIP messages; undefined while it has sent none through a client's listener. */
  address: string | undefined;
  /** How its last step reached us; undefined while it has taken none. */
  leg: SipLeg | undefined;
}

/** The connection that a peer's SIP comes over, its own or that of the server that speaks for it. */
export interface SipLeg {
  readonly overTls: boolean;
  /** What the configuration asks for there. */
  readonly security: TransferSecurity;
}

export interface TransferKeys {
  readonly encryptionKey: string;
  readonly hashKey: string;
}

/** Where a peer is told to connect to: a host and port of ours, and a cookie of ours. */
export interface MeetingPlace {
  readonly address: string;
  readonly port: number;
  readonly authCookie: string;
}

export interface OpenedTransfer {
  /** Who sent the ACCEPT that opened it, and its text: the same one again (after a 407) is no second one. */
  readonly by: Role;
  readonly fingerprint: string;
  readonly relayId: string;
  readonly places: Promise<OpenedPlaces>;
  /** Ends it when the ACCEPT was challenged and does not come again. */
  unclaimed: ScheduledCall | undefined;
  /** Its sender connects to us, at a port that no other transfer can have. */
  readonly hasOwnPort: boolean;
  /** Where its receiver connects to us, which other transfers may share; undefined: it does not. */
  door: number | "being opened" | undefined;
  /** When the receiver is met. */
  readonly contact: Contact;
  /** We have written to the receiver where to connect to. */
  isReceiverTold: boolean;
}

/** Where each peer that connects to us does so; undefined: the relay connects to it. */
export type OpenedPlaces =
  | {
      readonly kind: "places";
      readonly sender: MeetingPlace | undefined;
      readonly receiver: MeetingPlace | undefined;
    }
  | { readonly kind: "refused"; readonly reason: RelayRefusal };

export interface StoppedTransfer {
  readonly incident: string;
  readonly eventId: string;
  readonly notices: readonly { readonly audience: string; readonly text: string }[];
}

/** Under which name a transfer is known: cookies are small numbers, good for one call only. */
export function transferKey(callId: string, cookie: string): string {
  return `${callId}\n${cookie}`;
}

/** The other one of the two. */
export function otherRole(role: Role): Role {
  return role === "sender" ? "receiver" : "sender";
}

import type { Contact, Relay } from "../relay/relay.ts";
import type { TransferLegs } from "./transfer-legs.ts";
import { writeStory } from "./transfer-story.ts";
import type { MeetingPlace, OpenedPlaces, Transfer, TransferKeys } from "./transfer.ts";

/** The addresses of ours that the peers are told to connect to. */
export interface Hosts {
  readonly sender: string;
  readonly receiver: string;
}

/**
 * The hosts for the peers of these legs; undefined when one of them would have none to connect to. The dialect knows IPv4
 * only; a peer that the relay connects to needs none, and gets an empty text.
 */
export function hostsFor(
  transfer: Transfer,
  legs: TransferLegs,
  mediaHost: (peerAddress: string | undefined) => string | undefined,
): Hosts | undefined {
  const hostOf = (role: "sender" | "receiver"): string | undefined =>
    legs[role].kind === "dial" ? "" : mediaHost(transfer[role].address);
  const sender = hostOf("sender");
  const receiver = hostOf("receiver");
  return sender === undefined || receiver === undefined ? undefined : { sender, receiver };
}

/** Opens the relay for a transfer; never rejects. */
export async function openRelay(
  relay: Relay,
  relayId: string,
  transfer: Transfer,
  { keys, legs, hosts, contact }: OpenWith,
): Promise<OpenedPlaces> {
  const opened = await relay.open({
    id: relayId,
    keys,
    size: transfer.file.size,
    user: userOf(transfer.receiver.aor),
    ...legs,
    contact,
    owner: ownerOf(transfer.sender.aor),
    story: writeStory(transfer),
  });
  if (opened.kind === "refused") return opened;
  return {
    kind: "places",
    sender: placeAt(hosts.sender, opened.sender),
    receiver: placeAt(hosts.receiver, opened.receiver),
  };
}

/** Whose quota it is: with `sips:` the same user would have a second one (RFC 3261 §19.1: the same resource, reached securely). */
function ownerOf(aor: string): string {
  return aor.replace(/^sips:/, "sip:");
}

interface OpenWith {
  /** Undefined: in clear. */
  readonly keys: TransferKeys | undefined;
  readonly legs: TransferLegs;
  readonly hosts: Hosts;
  readonly contact: Contact;
}

function placeAt(
  address: string,
  place: Omit<MeetingPlace, "address"> | undefined,
): MeetingPlace | undefined {
  return place && { address, ...place };
}

/** "sip:bob@example.com" is "bob@example.com" in USR. */
function userOf(aor: string): string {
  return aor.replace(/^sips?:/i, "");
}

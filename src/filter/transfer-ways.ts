/**
 * Who opens the connection on each leg of a transfer (lcs.md B3, B7.9). The invitation says it with `Connectivity: N`: with
 * it the receiver listens, without it the sender. Through the relay each leg may be decided alone, by what the operator says of
 * the peer's network and by what we can reach.
 */

/** What the operator says of a network (`relay.msnftp.connects`). */
export type ConnectsSetting = "auto" | "peer" | "gateway" | "as_offered";

/** Who connects on a leg. */
export type Connector = "peer" | "gateway";

export interface TransferWays {
  readonly sender: Connector;
  readonly receiver: Connector;
}

/** What is known of where a peer is. */
export interface Seat {
  /** Source address of its SIP; undefined: it is reached by way of the server. */
  readonly address: string | undefined;
  /** It calls itself by another address. */
  readonly behindNat: boolean;
}

export interface OfferedWay {
  /** `Connectivity: N`: the sender cannot be connected to. */
  readonly saysNat: boolean;
  /** The sender's messages are signed: then the receiver's mostly are too, and neither takes words of ours. */
  readonly signed: boolean;
}

/** The value of `Connectivity` for one that cannot be connected to. */
const CANNOT_LISTEN = /^n$/i;

/** Reads `Connectivity` of an invitation: absent or Y, the sender can listen. */
export function saysNat(fields: ReadonlyMap<string, string>): boolean {
  return CANNOT_LISTEN.test(fields.get("connectivity") ?? "");
}

/**
 * Chooses for both legs.
 *
 * @param receivers each device that may answer: where one of them has to connect to us, whoever answers is asked to.
 *   None: the receiver is not one of ours, and does as the invitation says
 * @example a sender that says Connectivity: N, a receiver behind NAT: both connect to us
 */
export function chooseWays(
  offer: OfferedWay,
  sender: Seat,
  receivers: readonly Seat[],
  settingOf: (address: string | undefined) => ConnectsSetting,
): TransferWays {
  const offered = waysOffered(offer);
  const chosen = {
    sender: choose(sender, settingOf(sender.address), offered.sender),
    receiver: ofAll(
      receivers.map((seat) => choose(seat, settingOf(seat.address), offered.receiver)),
      offered.receiver,
    ),
  };
  // Two of a kind need a message of ours: an ACCEPT to one that connects, or the answer to one that nobody needs.
  return offer.signed && chosen.sender === chosen.receiver ? offered : chosen;
}

function waysOffered({ saysNat: isNat }: OfferedWay): TransferWays {
  return isNat ? { sender: "peer", receiver: "gateway" } : { sender: "gateway", receiver: "peer" };
}

function choose(seat: Seat, setting: ConnectsSetting, offered: Connector): Connector {
  if (setting === "peer" || setting === "gateway") return setting;
  return setting === "auto" && seat.behindNat ? "peer" : offered;
}

/** A client may always connect; whether it can be connected to is what is in doubt. */
function ofAll(chosen: readonly Connector[], offered: Connector): Connector {
  if (chosen.length === 0) return offered;
  return chosen.includes("peer") ? "peer" : "gateway";
}

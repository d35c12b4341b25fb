import type { LegPlan } from "../relay/relay.ts";
import type { Meeting } from "./read-acceptance.ts";
import { sourceOf, type TransferMessage } from "./transfer-message.ts";
import type { Transfer } from "./transfer.ts";

/** Both legs of a transfer, as the relay is asked for them. */
export interface TransferLegs {
  readonly sender: LegPlan;
  readonly receiver: LegPlan;
}

/**
 * The peer that has sent this listens, and the relay connects to it. Who claims another address than it speaks from is not
 * believed: the relay would connect to anybody for it (docs/decisions/016).
 */
export function dialledLeg(message: TransferMessage, meeting: Meeting): LegPlan {
  return { kind: "dial", ...meeting, address: sourceOf(message) ?? meeting.address };
}

/** The file's receiver connects to us, and proves itself by its cookie, wherever it comes from. */
export function awaitedReceiver({ receiver }: Transfer): LegPlan {
  return { kind: "await", onlyFrom: undefined, expected: receiver.address };
}

/** The file's sender connects to us; it shows no cookie, and so must come from where it speaks SIP. */
export function awaitedSender({ sender }: Transfer): LegPlan {
  return { kind: "await", onlyFrom: sender.address, expected: sender.address };
}

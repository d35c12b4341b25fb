import type { OriginationEnd, Originator } from "../proxy/origination.ts";
import { INVITATION_TYPE } from "./transfer-words.ts";
import { otherRole, type Role, type Transfer } from "./transfer.ts";

/** Words of ours to one peer of a transfer, in the name of the other; never rejects. */
export async function tellPeer(
  originator: Pick<Originator, "sendInLeg">,
  transfer: Transfer,
  role: Role,
  body: Buffer,
): Promise<OriginationEnd> {
  const to = transfer[role].tag;
  const from = transfer[otherRole(role)].tag;
  if (to === undefined || from === undefined) return { kind: "failed", reason: "no-leg" };
  return originator.sendInLeg({
    callId: transfer.callId,
    fromTag: from,
    toTag: to,
    contentType: INVITATION_TYPE,
    body,
  });
}

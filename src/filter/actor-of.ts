import type { SipRequest } from "../wire/sip/message.ts";
import { addressAt } from "../wire/sip/name-addr.ts";
import { readAddress } from "./address.ts";

/**
 * Who has written a message of a conference, by what its server says (`Ms-Sender`; COMPAT(OCS 2007+): From is the conference then). For
 * the record alone: rules go by From, and a client's word for it is none, so that the field is taken off what clients send
 * (proxy/trusted-fields.ts). Undefined: it does not say, or says it twice.
 */
export function actorOf(request: SipRequest): string | undefined {
  const field = request.findName("ms-sender");
  if (field < 0 || request.findName("ms-sender", field + 1) >= 0) return undefined;
  const sender = addressAt(request, field);
  return sender === undefined ? undefined : readAddress(sender.uri).aor;
}

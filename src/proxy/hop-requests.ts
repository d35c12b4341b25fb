import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";
import { topmostVia } from "../wire/sip/via.ts";

/** The ACK of a refused INVITE (RFC 3261 §17.1.1.3): the INVITE as it was forwarded, with the To of the refusal. */
export function buildAck(invite: SipRequest, refusal: SipResponse): Buffer {
  return hopRequest("ACK", invite, refusal);
}

/** The CANCEL of an INVITE (RFC 3261 §9.1). */
export function buildCancel(invite: SipRequest): Buffer {
  return hopRequest("CANCEL", invite, invite);
}

/** Both bear the Request-URI, branch and Route set of the INVITE, for they take its very way. */
function hopRequest(method: string, invite: SipRequest, toFrom: SipMessage): Buffer {
  const via = topmostVia(invite);
  let text = `${method} ${invite.requestUri} SIP/2.0\r\n`;
  text += `Via: ${invite.bytes.toString("latin1", via.valueStart, via.valueEnd)}\r\n`;
  text += "Max-Forwards: 70\r\n";
  for (let i = invite.find(HeaderId.Route); i >= 0; i = invite.find(HeaderId.Route, i + 1)) {
    text += line(invite, i);
  }
  text += line(invite, invite.find(HeaderId.From));
  text += line(toFrom, toFrom.find(HeaderId.To));
  text += line(invite, invite.find(HeaderId.CallId));
  text += `CSeq: ${invite.cseq.number} ${method}\r\nContent-Length: 0\r\n\r\n`;
  return Buffer.from(text, "latin1");
}

function line(message: SipMessage, i: number): string {
  return i < 0 ? "" : message.bytes.toString("latin1", message.lineStart(i), message.lineEnd(i));
}

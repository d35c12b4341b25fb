import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";
import { parseNameAddr, splitValues } from "../wire/sip/name-addr.ts";

/** What one end must remember to send inside a dialog (RFC 3261 §12). */
export interface DialogState {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
  readonly routes: readonly string[];
}

/** The caller's end, by the 2xx to its INVITE. */
export function dialogOfCaller(answer: SipResponse): DialogState {
  return {
    callId: answer.callId,
    from: answer.value(HeaderId.From) ?? "",
    to: answer.value(HeaderId.To) ?? "",
    target: contactOf(answer),
    routes: recordRoutes(answer).toReversed(),
  };
}

/** The callee's end, by the INVITE and the To that it was answered with. */
export function dialogOfCallee(invite: SipRequest, answeredTo: string): DialogState {
  return {
    callId: invite.callId,
    from: answeredTo,
    to: invite.value(HeaderId.From) ?? "",
    target: contactOf(invite),
    routes: recordRoutes(invite),
  };
}

function contactOf(message: SipMessage): string {
  const parsed = parseNameAddr(message.value(HeaderId.Contact) ?? "");
  return parsed.ok ? parsed.value.uri : "";
}

function recordRoutes(message: SipMessage): readonly string[] {
  const routes: string[] = [];
  const id = HeaderId.RecordRoute;
  for (let i = message.find(id); i >= 0; i = message.find(id, i + 1)) {
    for (const { start, end } of splitValues(message, i)) routes.push(message.textOf(start, end));
  }
  return routes;
}

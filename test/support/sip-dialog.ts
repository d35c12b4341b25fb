import type { SipText } from "./sip-text.ts";

/** What one side must remember to send within a dialog (RFC 3261 §12). */
export interface DialogState {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
  readonly routes: readonly string[];
}

/** The caller's view, from the 2xx to its INVITE. */
export function dialogOfCaller(response: SipText): DialogState {
  return {
    callId: response.callId,
    from: response.header("from") ?? "",
    to: response.header("to") ?? "",
    target: uriOf(response.header("contact") ?? ""),
    routes: commaValues(response.all("record-route")).toReversed(),
  };
}

/** The callee's view, from the INVITE it got and the To (with tag) that it answered. */
export function dialogOfCallee(invite: SipText, answeredTo: string): DialogState {
  return {
    callId: invite.callId,
    from: answeredTo,
    to: invite.header("from") ?? "",
    target: uriOf(invite.header("contact") ?? ""),
    routes: commaValues(invite.all("record-route")),
  };
}

/** The address between the angle brackets, or the whole value. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(";")[0]?.trim() ?? "";
}

/** Several headers of one name as one list; commas in quotes and angle brackets do not count. */
export function commaValues(values: readonly string[]): readonly string[] {
  return values.flatMap((value) =>
    (value.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/g) ?? []).map((part) => part.trim()),
  );
}

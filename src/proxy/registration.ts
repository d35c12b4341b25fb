import type { Registrations } from "../location/registrations.ts";
import { isBehindNat } from "../wire/sip/behind-nat.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";
import { parseNameAddr, splitValues, type NameAddr } from "../wire/sip/name-addr.ts";
import { canonicalAor } from "../wire/sip/uri.ts";
import type { ProxyOptions } from "./proxy-options.ts";

/** RFC 3261 §10.2.1.1: what a registrar that says nothing is taken to have granted. */
const DEFAULT_EXPIRES_S = 3600;

/** Does this request get a Path entry (RFC 3327)? */
export function wantsPath(request: SipRequest, path: ProxyOptions["path"]): boolean {
  if (request.method !== "REGISTER" || path === "never") return false;
  return path === "always" || supportsPath(request);
}

function supportsPath(request: SipRequest): boolean {
  for (
    let i = request.find(HeaderId.Supported);
    i >= 0;
    i = request.find(HeaderId.Supported, i + 1)
  ) {
    if (
      request
        .valueAt(i)
        .split(",")
        .some((tag) => tag.trim().toLowerCase() === "path")
    )
      return true;
  }
  return false;
}

/** A REGISTER that was accepted: by whom is the same, the server or the embedded registrar. */
export interface AcceptedRegister {
  readonly request: SipRequest;
  /** The server's response; undefined when the embedded registrar has accepted. */
  readonly response: SipResponse | undefined;
  readonly flowId: string;
  /** Where it came from. */
  readonly sourceAddress: string;
  /** What the server knows a Contact of this flow by, where that is an alias: the user part of its URI. */
  readonly aliasOf?: ((contactUri: string) => string | undefined) | undefined;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * Notes that a REGISTER of this flow was accepted: from now on the flow speaks for the address of record in To, for as
 * long as was granted.
 */
export function confirmRegistration(
  registrations: Registrations,
  accepted: AcceptedRegister,
): void {
  const { request, flowId, sourceAddress: address, nowMs } = accepted;
  const to = parseNameAddr(request.value(HeaderId.To) ?? "");
  const aor = to.ok ? canonicalAor(to.value.uri) : undefined;
  if (aor === undefined) return;
  const grantedS = grantedSeconds(accepted);
  const home = { address, behindNat: isBehindNat(request, address) };
  if (grantedS === 0) registrations.remove(flowId, aor);
  else registrations.confirm(flowId, aor, nowMs + grantedS * 1000, home);
}

/** The proven address that the request's From names, else the one that the flow has proven last. */
export function authenticatedAor(
  registrations: Registrations,
  request: SipRequest,
  flowId: string,
  nowMs: number,
): string | undefined {
  const aors = registrations.authenticatedAors(flowId, nowMs);
  if (aors.length < 2) return aors[0];
  const from = parseNameAddr(request.value(HeaderId.From) ?? "");
  const aor = from.ok ? canonicalAor(from.value.uri) : undefined;
  return aors.find((proven) => proven === aor) ?? aors.at(-1);
}

/** What the response grants to the contact that was asked for, else to all, else what was asked. */
function grantedSeconds({ request, response, aliasOf }: AcceptedRegister): number {
  const asked = contactsOf(request)[0];
  if (response === undefined) return requestedSeconds(request, asked) ?? DEFAULT_EXPIRES_S;
  const alias = asked === undefined ? undefined : aliasOf?.(asked.uri);
  const granted = contactsOf(response).find(
    ({ uri }) => uri === asked?.uri || (alias !== undefined && uri.includes(`:${alias}@`)),
  );
  return (
    seconds(granted?.params.get("expires")) ??
    (granted === undefined && asked !== undefined ? requestedSeconds(request, asked) : undefined) ??
    seconds(response.value(HeaderId.Expires)) ??
    requestedSeconds(request, asked) ??
    DEFAULT_EXPIRES_S
  );
}

function requestedSeconds(request: SipRequest, contact: NameAddr | undefined): number | undefined {
  return seconds(contact?.params.get("expires")) ?? seconds(request.value(HeaderId.Expires));
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function contactsOf(message: SipMessage): readonly NameAddr[] {
  const contacts: NameAddr[] = [];
  for (let i = message.find(HeaderId.Contact); i >= 0; i = message.find(HeaderId.Contact, i + 1)) {
    for (const { start, end } of splitValues(message, i)) {
      const contact = parseNameAddr(message.bytes.toString("latin1", start, end));
      if (contact.ok) contacts.push(contact.value);
    }
  }
  return contacts;
}

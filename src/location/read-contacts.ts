import { failed, ok, type Result } from "../base/result.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr, splitValues, type NameAddr } from "../wire/sip/name-addr.ts";
import { parseSipUri } from "../wire/sip/uri.ts";

/** One Contact of a REGISTER that was understood. */
export interface RequestedContact {
  /** The URI as sent. */
  readonly contactUri: string;
  /** Equal for two contacts that mean the same device. */
  readonly key: string;
  /** The field's parameters but `expires`, ready to be listed again: `;+sip.instance="…"`. */
  readonly params: string;
  /** Seconds; 0 removes the binding. */
  readonly expiresSeconds: number;
}

/** What a REGISTER asks for (RFC 3261 §10.2). */
export type ContactsRequest =
  | { readonly kind: "query" }
  | { readonly kind: "remove-all" }
  | { readonly kind: "update"; readonly contacts: readonly RequestedContact[] };

/** A Contact longer than this is refused: it would be kept for an hour. */
const MAX_CONTACT_LENGTH = 1024;

/**
 * Reads the Contact and Expires fields; `defaultSeconds` counts where neither says, and stands for what cannot be read
 * (RFC 3261 §10.3 step 7 and §20.19). The problem is a reason phrase for a 400.
 */
export function readContacts(
  request: SipRequest,
  defaultSeconds: number,
): Result<ContactsRequest, string> {
  const values = contactValues(request);
  const headerSeconds = readSeconds(request.value(HeaderId.Expires), defaultSeconds);
  if (values.length === 0) return ok({ kind: "query" });
  if (values.includes("*")) {
    const alone = values.length === 1 && headerSeconds === 0;
    return alone ? ok({ kind: "remove-all" }) : failed("Bad Wildcard Contact");
  }
  const contacts: RequestedContact[] = [];
  for (const value of values) {
    const contact = readContact(value, headerSeconds);
    if (contact === undefined) return failed("Bad Contact");
    contacts.push(contact);
  }
  return ok({ kind: "update", contacts });
}

function contactValues(request: SipRequest): string[] {
  const values: string[] = [];
  for (let i = request.find(HeaderId.Contact); i >= 0; i = request.find(HeaderId.Contact, i + 1)) {
    for (const { start, end } of splitValues(request, i)) {
      values.push(request.bytes.toString("latin1", start, end).replaceAll(/\r\n[ \t]+/g, " "));
    }
  }
  return values;
}

function readContact(value: string, headerSeconds: number): RequestedContact | undefined {
  if (value.length > MAX_CONTACT_LENGTH) return undefined;
  const address = parseNameAddr(value);
  if (!address.ok) return undefined;
  const key = keyOf(address.value);
  if (key === undefined) return undefined;
  const { uri, params } = address.value;
  return {
    contactUri: uri,
    key,
    params: [...params]
      .filter(([name]) => name !== "expires")
      .map(formatParam)
      .join(""),
    expiresSeconds: readSeconds(params.get("expires"), headerSeconds),
  };
}

/**
 * Devices are told apart by instance and registration (RFC 5626 §6), else by the URI: the parts that RFC 3261 §19.1.4
 * compares and that lead somewhere.
 */
function keyOf({ uri, params }: NameAddr): string | undefined {
  const parsed = parseSipUri(uri);
  if (!parsed.ok) return undefined;
  const instance = params.get("+sip.instance");
  const registration = params.get("reg-id");
  if (instance !== undefined && registration !== undefined) return `${instance} ${registration}`;
  const { scheme, user, host, port, params: uriParams } = parsed.value;
  const transport = uriParams.get("transport")?.toLowerCase() ?? "";
  const maddr = uriParams.get("maddr")?.toLowerCase() ?? "";
  return `${scheme}:${user ?? ""}@${host.toLowerCase()}:${port ?? ""};${transport};${maddr}`;
}

function formatParam([name, value]: [string, string]): string {
  if (value === "") return `;${name}`;
  const isToken = /^[\w.!%*+`'~-]+$/.test(value);
  return isToken
    ? `;${name}=${value}`
    : `;${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function readSeconds(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : otherwise;
}

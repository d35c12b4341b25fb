/**
 * The contact-alias mode (DESIGN §7), for a server that knows no Path: a REGISTER arrives there with Contacts at the
 * gateway in place of the client's own, and its answer comes back with the client's own in place of those. Only the URI
 * of each Contact changes; `*`, parameters (expires, q, +sip.instance, reg-id, GRUUs) and a request for the list of
 * bindings stay as they are. What the server then sends to an alias goes over the flow (targets.ts).
 */
import { RecentMap } from "../base/recent-map.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { AliasedContact, ContactAliases } from "../location/contact-aliases.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";
import { splitValues, uriRange, type ByteRange } from "../wire/sip/name-addr.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { parseSipUri } from "../wire/sip/uri.ts";
import { bareHost, type FlowFace, type FlowFaces } from "./flow-face.ts";
import type { ProxyOptions } from "./proxy-options.ts";
import { plainReply, type Reply } from "./reply.ts";
import { isSips } from "./secrecy.ts";

const BAD_CONTACT: Reply = plainReply(400, "Bad Contact");
const TOO_MANY_CONTACTS: Reply = plainReply(400, "Too Many Contacts");
/** An alias is several times as long as a short Contact, and costs a sealing: nobody has so many at once. */
const MOST_CONTACTS = 20;

/** Domains that are remembered: strangers, whose domains are their own, cannot fill the memory. */
const REMEMBERED = 1000;

/**
 * Registrars that have refused a REGISTER because of its Path, each a server and a domain, for a server may relay to
 * others; learnt anew after a restart.
 */
export class PathRefusals {
  readonly #registrars = new RecentMap<true>(REMEMBERED);
  readonly #path: ProxyOptions["path"];
  #hasLearnt = false;

  constructor(path: ProxyOptions["path"]) {
    this.#path = path;
  }

  /** May there be aliases at all? */
  get any(): boolean {
    return this.#path === "never" || this.#hasLearnt;
  }

  /** Is this REGISTER to have aliases when it goes to this server? */
  needsAlias(face: FlowFace, request: SipRequest): boolean {
    if (this.#path === "never") return true;
    return this.#hasLearnt && this.#registrars.get(registrarOf(face, request)) === true;
  }

  /** True when this answer says that the registrar knows no Path (RFC 3261 §21.4.15); it is remembered. */
  learn(face: FlowFace, request: SipRequest, response: SipResponse): boolean {
    if (response.status !== 420 || !listsPath(response)) return false;
    this.#registrars.set(registrarOf(face, request), true);
    this.#hasLearnt = true;
    return true;
  }
}

function registrarOf({ flow }: FlowFace, { requestUri }: SipRequest): string {
  const uri = parseSipUri(requestUri);
  const domain = uri.ok ? bareHost(uri.value.host) : "";
  return `${flow.transport} ${flow.remote.address} ${flow.remote.port} ${domain}`;
}

function listsPath(response: SipResponse): boolean {
  for (
    let i = response.find(HeaderId.Unsupported);
    i >= 0;
    i = response.find(HeaderId.Unsupported, i + 1)
  ) {
    const tags = response.valueAt(i).split(",");
    if (tags.some((tag) => tag.trim().toLowerCase() === "path")) return true;
  }
  return false;
}

/** The edits that put aliases into the Contacts of a REGISTER from `ingress` that leaves over `egress`. */
export function aliasSplices(
  request: SipRequest,
  aliases: ContactAliases,
  ingress: FlowFace,
  egress: FlowFace,
): Result<readonly Splice[], Reply> {
  const splices: Splice[] = [];
  const values = contactValues(request);
  if (values.length > MOST_CONTACTS) return failed(TOO_MANY_CONTACTS);
  for (const value of values) {
    if (request.bytes.toString("latin1", value.start, value.end) === "*") continue;
    const uri = uriRange(request.bytes, value.start, value.end);
    if (uri === undefined) return failed(BAD_CONTACT);
    const contact = request.bytes.toString("latin1", uri.start, uri.end);
    const alias = aliases.seal(contact, ingress.flow);
    // Left as it is, the server would reach the client round the gateway.
    if (alias === undefined) return failed(BAD_CONTACT);
    splices.push(uriSplice(request, uri, egress.uri(alias, isSips(contact))));
  }
  return ok(splices);
}

/** The edits that put the clients' own Contacts back into an answer to a REGISTER, those of other devices as well. */
export function clientContactSplices(
  response: SipResponse,
  aliases: ContactAliases,
  faces: FlowFaces,
): readonly Splice[] {
  const splices: Splice[] = [];
  for (const value of contactValues(response)) {
    const uri = uriRange(response.bytes, value.start, value.end);
    if (uri === undefined) continue;
    const text = response.bytes.toString("latin1", uri.start, uri.end);
    const contact = aliasedContact(text, aliases, faces);
    if (contact !== undefined) splices.push(uriSplice(response, uri, contact.contactUri));
  }
  return splices;
}

/** What stands behind a URI, when it is an alias of ours. */
export function aliasedContact(
  text: string,
  aliases: ContactAliases,
  faces: FlowFaces,
): AliasedContact | undefined {
  const uri = parseSipUri(text);
  if (!uri.ok || uri.value.user === undefined) return undefined;
  if (!faces.isOwn(uri.value.host, uri.value.port)) return undefined;
  return aliases.open(uri.value.user);
}

function contactValues(message: SipMessage): readonly ByteRange[] {
  const values: ByteRange[] = [];
  for (let i = message.find(HeaderId.Contact); i >= 0; i = message.find(HeaderId.Contact, i + 1)) {
    values.push(...splitValues(message, i));
  }
  return values;
}

/** An address without < > gets them: the parameters of the new one would be taken for the field's (RFC 3261 §20.10). */
function uriSplice({ bytes }: SipMessage, { start, end }: ByteRange, uri: string): Splice {
  const isBracketed = bytes[start - 1] === "<".charCodeAt(0);
  return { start, end, bytes: isBracketed ? uri : `<${uri}>` };
}

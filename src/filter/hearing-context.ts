import { readAddress, type Address } from "./address.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { Domains } from "../policy/domains.ts";
import type { Channel, Direction, Party } from "../policy/facts.ts";
import type { RequestContext } from "../proxy/seams.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { fieldAor } from "../wire/sip/field-aor.ts";
import { addressAt } from "../wire/sip/name-addr.ts";
import { parseSipUri, type SipUri } from "../wire/sip/uri.ts";

/**
 * Who sends to whom, for the rules and the record. `to` is the Request-URI at ingress; the user on the flow for what the
 * server sends to a client; and the user in To within a dialog that is proven to be one. The To field is otherwise only
 * what the sender's screen says (DESIGN §4, decision 017).
 */
export function hearingContext(
  request: SipRequest,
  context: RequestContext,
  domains: Domains,
): HearingContext {
  const from = sender(request, context);
  const proven = provenDomain(context);
  const named = addressAt(request, request.find(HeaderId.To));
  const shownName = utf8Of(named?.displayName ?? "");
  const to = receiver(addressed(request, context, domains), shownName, domains);
  const towards = (uri: string): Pick<HearingContext, "to" | "direction"> => {
    const other = receiver(uri, "", domains);
    return { to: other, direction: senderDirection(from, proven, other, domains) };
  };
  return {
    from,
    to,
    towards,
    direction: senderDirection(from, proven, to, domains),
    channel: channelOf(request),
    transport: context.transport,
    encrypted: context.encrypted,
    now: context.receivedAt,
    trace: false,
  };
}

/**
 * What the server sends over a client's flow is for whoever has registered there: the Request-URI is the Contact that the
 * server has put into it. Within another dialog it is some device's Contact as well (decision 017). Anybody can write a
 * To tag, and a server delivers by the Request-URI: so To counts only where our Record-Route shows the dialog, and never
 * against a Request-URI that could itself be an address of record of ours.
 */
function addressed(request: SipRequest, context: RequestContext, domains: Domains): string {
  const target = context.aliasedUri ?? request.requestUri;
  const { receivers } = context;
  if (receivers?.length) return receiverAmong(receivers, request, target);
  const proven = request.toTag !== undefined && context.dialogProven;
  if (!proven && receivers === undefined) return target;
  const uri = parseSipUri(target);
  if (!uri.ok || domains.isOurs(uri.value.host.toLowerCase())) return target;
  const named = addresseeOf(request);
  if (proven) return named || target;
  // Nobody has registered here since the start; who has done so before is a user of ours all the same.
  if (named !== "" && domains.isOurs(readAddress(named).domain)) return named;
  return domains.home === undefined ? target : atHome(uri.value, domains.home);
}

/** Of several users on one flow: the one that the Contact names, for To is the sender's word; else that of To. */
function receiverAmong(receivers: readonly string[], request: SipRequest, target: string): string {
  const last = receivers.at(-1) ?? target;
  if (receivers.length < 2) return last;
  const { user } = readAddress(target);
  const named = readAddress(addresseeOf(request)).aor;
  return (
    receivers.find((aor) => user !== "" && readAddress(aor).user === user) ??
    receivers.find((aor) => readAddress(aor).aor === named) ??
    last
  );
}

function atHome({ user }: SipUri, home: string): string {
  return user === undefined ? `sip:${home}` : `sip:${user}@${home}`;
}

/**
 * The direction of a message (decision 028). A proven sender counts by its address; a user of ours who writes another one
 * into From stays a user of ours. Of somebody unproven From is believed only to his disadvantage: on the way to us he
 * is an outsider, on the way out one of us, so that no rule about either is escaped.
 *
 * @param proven Domain of the address that the sender's flow has proven, whatever its From says.
 */
export function senderDirection(
  from: Party,
  proven: string | undefined,
  to: Party,
  domains: Domains,
): Direction {
  if (from.authenticated) return domains.directionOf(from.domain, to.domain);
  if (proven !== undefined) return domains.directionOf(proven, to.domain);
  const outsider = domains.directionOf("", to.domain);
  return outsider === "inbound" ? outsider : domains.directionOf(from.domain, to.domain);
}

/** A server that sends under a domain that is not routed to it sends from its own, whatever From says. */
function provenDomain({ voucher, authenticatedAor }: RequestContext): string | undefined {
  if (voucher?.kind === "peer") return voucher.domains[0] ?? "";
  return authenticatedAor === undefined ? undefined : readAddress(authenticatedAor).domain;
}

function channelOf(request: SipRequest): Channel {
  return request.method === "MESSAGE" ? "sip-message" : "sip-invite";
}

function sender(request: SipRequest, context: RequestContext): Party {
  const field = request.find(HeaderId.From);
  const written = field < 0 ? undefined : addressAt(request, field);
  // The codec has read From already; a field that it let through and this does not is treated as nobody's.
  const displayName = utf8Of(written?.displayName ?? "");
  const { aor, user, domain } = readAddress(written?.uri ?? "");
  const ip = context.sourceAddress;
  const party: Party = { aor, user, domain, displayName, ip, authenticated: false };
  return isProven(party, context) ? { ...party, authenticated: true } : party;
}

/** The codec gives bytes as characters; what is ASCII stays as it is. */
function utf8Of(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, "latin1").toString("utf8") : latin1;
}

/** Where nobody registers through us, the server that vouches for its users says who they are (seams.ts `Voucher`). */
function isProven(party: Party, context: RequestContext): boolean {
  const { voucher } = context;
  switch (voucher?.kind) {
    case undefined:
      return context.trusted || context.side === "server" || isAor(context.authenticatedAor, party);
    case "asserted":
      return voucher.aors.some((aor) => isAor(aor, party));
    case "peer":
      return voucher.domains.includes(party.domain);
  }
}

function isAor(proven: string | undefined, { aor }: Party): boolean {
  return proven !== undefined && (proven === aor || readAddress(proven).aor === aor);
}

/** A server takes what is addressed to it by its own host for its own users, and so do the rules. */
function receiver(uriText: string, displayName: string, domains: Domains): Party {
  const { aor, user, domain } = receiverOf(uriText, domains);
  return { aor, user, domain, displayName, ip: undefined, authenticated: false };
}

/** A receiver's address as rules know it. */
export function receiverOf(uriText: string, domains: Domains): Address {
  const address = readAddress(uriText);
  const { aor, user, domain } = address;
  const name = domains.nameOf(domain);
  if (name === domain) return address;
  return { aor: `${aor.slice(0, aor.length - domain.length)}${name}`, user, domain: name };
}

/** Whom the To field names, as an address of record; "" when it names none. In a dialog the Request-URI is a Contact. */
export function addresseeOf(request: SipRequest): string {
  return fieldAor(request.value(HeaderId.To) ?? "") ?? "";
}

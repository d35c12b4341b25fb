import type { SipRequest } from "../wire/sip/message.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import { parseNameAddr } from "../wire/sip/name-addr.ts";
import { parseSipUri, type SipUri } from "../wire/sip/uri.ts";
import { bareHost, type FlowFace, type FlowFaces } from "./flow-face.ts";
import type { UpstreamTarget } from "./proxy-options.ts";
import type { RoutePlan } from "./route.ts";

/** A REGISTER of a client as it was sent on. */
export interface ForwardedRegister {
  readonly request: SipRequest;
  readonly plan: Pick<RoutePlan, "next" | "remaining">;
}

/**
 * Is what comes back over `face` the word of the registrar that this REGISTER's address of record belongs to (RFC 3261
 * §10.2)? A server may relay a REGISTER by its Request-URI or its Route set, and then anybody can answer 200 or 420: it
 * counts only from an upstream, by no Route but to that one, for its own host or the domain in To.
 */
export function isOfRegistrar(
  { request, plan }: ForwardedRegister,
  face: FlowFace,
  faces: Pick<FlowFaces, "upstreamAt">,
): boolean {
  const upstream = faces.upstreamAt(face.flow.transport, face.flow.remote);
  if (face.side !== "server" || upstream === undefined) return false;
  if (plan.remaining > 0 && (plan.remaining > 1 || !leadsTo(upstream, plan.next))) return false;
  const registrar = uriOf(request.requestUri);
  if (registrar === undefined) return false;
  if (leadsTo(upstream, registrar)) return true;
  const to = parseNameAddr(request.value(HeaderId.To) ?? "");
  const owner = to.ok ? uriOf(to.value.uri) : undefined;
  const isOwnDomain = owner !== undefined && nameOf(owner.host) === nameOf(registrar.host);
  return isOwnDomain && registrar.params.get("maddr") === undefined;
}

function leadsTo({ host, remote }: UpstreamTarget, uri: SipUri | undefined): boolean {
  if (uri === undefined || uri.params.get("maddr") !== undefined) return false;
  if (uri.port !== undefined && uri.port !== remote.port) return false;
  const name = nameOf(uri.host);
  return name === nameOf(host) || name === remote.address;
}

function uriOf(text: string): SipUri | undefined {
  const uri = parseSipUri(text);
  return uri.ok ? uri.value : undefined;
}

/** A name with a dot at its end is the same name (RFC 1034 §3.1). */
function nameOf(host: string): string {
  return bareHost(host).replace(/\.$/, "");
}

import type { Flow } from "../transport/flow.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { FlowFace } from "./flow-face.ts";
import type { UpstreamTarget } from "./proxy-options.ts";
import { plainReply, type Reply } from "./reply.ts";
import type { RoutePlan } from "./route.ts";
import type { BranchTarget, Target, Trouble } from "./targets.ts";

/**
 * What must not leave in clear (DESIGN §4 "TLS"): whatever came in encrypted, unless the operator has permitted it by
 * name (`allow_clear`), and whatever goes to a sips: URI, without exception (RFC 3261 §26.2.2, RFC 5630).
 */
export type Secrecy = "none" | "hop" | "sips";

/** RFC 5630: who could be reached, but not securely, is unavailable for now; a clear answer, and no secret. */
export const NOT_SECURE: Reply = plainReply(480, "Not Reachable Over TLS");

/** What a request asks for, by the way that it came and by where it goes. */
export function secrecyOf(request: SipRequest, ingress: FlowFace, plan: RoutePlan): Secrecy {
  if (isSips(request.requestUri) || isSips(plan.target)) return "sips";
  if (plan.next?.scheme === "sips") return "sips";
  return ingress.flow.encrypted ? "hop" : "none";
}

/** Does this URI ask for TLS on every hop? */
export function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}

/** May a request go to this upstream, whose connection need not be open? */
export function mayGoTo(upstream: UpstreamTarget, secrecy: Secrecy): boolean {
  if (secrecy === "none" || isEncrypted(upstream)) return true;
  return secrecy === "hop" && upstream.allowClear === true;
}

/** May a request of our own leave by this way? In clear only where the server that it has to do with permits it. */
export function mayTell(
  { upstreams }: Servers,
  secrecy: Secrecy,
  { flow, side }: FlowFace,
): boolean {
  if (secrecy === "none" || flow.encrypted) return true;
  if (secrecy === "sips") return false;
  const concerned =
    side === "client"
      ? upstreams
      : upstreams.filter(({ remote }) => remote.address === flow.remote.address);
  return concerned.length > 0 && concerned.every((upstream) => mayGoTo(upstream, secrecy));
}

/** The servers as their names mean them now. */
interface Servers {
  readonly upstreams: readonly UpstreamTarget[];
}

/** A request on its way out. */
export interface Leaving {
  readonly request: SipRequest;
  readonly ingress: FlowFace;
  readonly plan: RoutePlan;
}

/**
 * The next way that a request may go; "withheld" when there are only such as it may not. Those are passed by, and no
 * harm is done to them.
 */
export function nextWay(
  servers: Servers,
  { request, ingress, plan }: Leaving,
  way: BranchTarget,
  trouble?: Trouble,
): Target | "withheld" | undefined {
  const asked = secrecyOf(request, ingress, plan);
  let isWithheld = false;
  let target = way.next(trouble);
  while (target !== undefined) {
    // A Contact of the registrar, or behind an alias, takes the place of the Request-URI.
    const secrecy = isSips(target.requestUri ?? "") ? "sips" : asked;
    if (mayLeave(servers, secrecy, ingress, target.face)) return target;
    isWithheld = true;
    target = way.next({ kind: "withheld" });
  }
  return isWithheld ? "withheld" : undefined;
}

/**
 * May a request that came by `ingress` leave by `egress`?
 *
 * In clear towards a server: if the upstream at that address permits it. In clear towards a client: if the upstream
 * does from which it comes. Between two clients, in a dialog of theirs: if all do, for it is not known through which of
 * them the dialog has come about.
 */
function mayLeave(
  { upstreams }: Servers,
  secrecy: Secrecy,
  ingress: FlowFace,
  egress: FlowFace,
): boolean {
  if (secrecy === "none" || egress.flow.encrypted) return true;
  if (secrecy === "sips") return false;
  const server =
    egress.side === "server" || egress.flow.outgoing
      ? egress.flow
      : ingress.side === "server"
        ? ingress.flow
        : undefined;
  if (server === undefined) {
    return upstreams.length > 0 && upstreams.every(({ allowClear }) => allowClear === true);
  }
  return upstreams.some(
    ({ allowClear, remote }) => allowClear === true && remote.address === server.remote.address,
  );
}

function isEncrypted({ transport }: Pick<Flow, "transport">): boolean {
  return transport === "tls" || transport === "wss";
}

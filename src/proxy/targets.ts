import { isIP } from "node:net";
import { failed, ok, type Result } from "../base/result.ts";
import type { EmbeddedRegistrar } from "../location/embedded-registrar.ts";
import type { ContactAliases } from "../location/contact-aliases.ts";
import type { FlowReference } from "../location/flow-reference.ts";
import type { FlowTokens } from "../location/flow-tokens.ts";
import type { Clock } from "../base/clock.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import type { Endpoint, Flow, TransportName } from "../transport/flow.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import { canonicalAor, parseSipUri, type SipUri } from "../wire/sip/uri.ts";
import { bareHost, DEFAULT_PORTS, type FlowFace, type FlowFaces } from "./flow-face.ts";
import type { FlowOpener, ProxyOptions } from "./proxy-options.ts";
import { isUnicast } from "./is-unicast.ts";
import { locatedTargets, serverNameOf } from "./located-targets.ts";
import { FLOW_FAILED, plainReply, type Reply } from "./reply.ts";
import { placementRefusal, type Placement } from "./placement.ts";
import type { RoutePlan } from "./route.ts";
import { isReachedByFlowOnly } from "./reached-by-flow.ts";
import { NOT_SECURE, secrecyOf, type Secrecy } from "./secrecy.ts";
import type { UpstreamChoice } from "./upstream-choice.ts";

/** Where a request goes; `requestUri` where that changes on the way (a contact of the embedded registrar). */
export interface Target {
  readonly face: FlowFace;
  readonly requestUri?: string;
  /** Path of the binding (RFC 3327 §5.3), put before the Route set. */
  readonly path?: readonly string[];
}

/**
 * Why the last way led nowhere: its connection broke, the server there was found dead before it had answered anything,
 * its connection had no room for the request, it says that it has too much to do, or the request may not go there (secrecy.ts), for which the way is not to blame.
 */
export type Trouble =
  | { readonly kind: "lost" }
  | { readonly kind: "silent" }
  | { readonly kind: "full" }
  | { readonly kind: "withheld" }
  | { readonly kind: "busy"; readonly retryAfterMs: number | undefined };

/** One branch: opens the first way that works, and the next one when that leads nowhere. */
export interface BranchTarget {
  /** The next way to try; undefined when none is left. `trouble`: with the last one, "lost" when left out. */
  next(trouble?: Trouble): Target | undefined;
}

export interface TargetDeps {
  readonly options: ProxyOptions;
  readonly faces: FlowFaces;
  readonly opener: FlowOpener;
  readonly flowTokens: FlowTokens;
  readonly aliases: ContactAliases;
  readonly registrar: EmbeddedRegistrar | undefined;
  readonly clock: Clock;
  readonly upstreams: UpstreamChoice;
  /** Finds the servers that names mean; undefined: names lead nowhere. */
  readonly locator: ServerLocator | undefined;
  readonly placement: Placement | undefined;
}

/** Where a request goes, or why nowhere; a promise only when a name has to be looked up. */
export type Chosen =
  | Result<readonly BranchTarget[], Reply>
  | Promise<Result<readonly BranchTarget[], Reply>>;

const NOT_FOUND: Reply = plainReply(404, "Not Found");
const UNRESOLVED: Reply = plainReply(502, "Host Name Not Resolved Here");
const BYPASS: Reply = plainReply(403, "Route Set Incomplete");
const STRICT: Reply = plainReply(400, "Strict Routing Not Supported Here");
const FOREIGN_ROUTE: Reply = plainReply(403, "Route Set Not Of This Dialog");

/**
 * Decides where a request goes (DESIGN §4 "Sides and routing"; the Route set has been read by route.ts). What must not
 * leave in clear is not sent to upstreams in clear; whatever else is chosen, secrecy.ts is asked again before sending.
 */
export function chooseTargets(
  deps: TargetDeps,
  request: SipRequest,
  ingress: FlowFace,
  plan: RoutePlan,
): Chosen {
  const { side } = ingress;
  if (deps.placement !== undefined) return placedTargets(deps, request, ingress, plan);
  const inDialog = request.toTag !== undefined;
  // Strict routing (RFC 2543) changes the Request-URI, and the one that came in is the one that was judged.
  if (side === "client" && plan.target !== request.requestUri) return failed(STRICT);
  // A client that leaves out the crossing which rewrote the offer would get around it.
  if (side === "client" && plan.poppedPass && !plan.carriesOwn) return failed(BYPASS);
  // By way of the server it would come back as if the server had asked for what stands there.
  if (side === "client" && plan.hidesOwn) return failed(FOREIGN_ROUTE);
  // A token in a client's preloaded Route would let it reach another client past the server: only dialogs have them.
  if (plan.token !== undefined && (side === "server" || inDialog)) {
    // Anybody can write a To tag, and learns tokens of others: the Route set must be one that we gave to this dialog.
    if (side === "client" && !plan.proven) return failed(FOREIGN_ROUTE);
    return flowOfToken(deps, plan.token);
  }
  if (deps.options.upstream === "embedded") return bindingsOf(deps, request.requestUri);
  const secrecy = secrecyOf(request, ingress, plan);
  if (side === "server") return towardsUri(deps, plan, secrecy);
  const next = inDialog && plan.proven ? plan.next : undefined;
  return towardsServer(deps, next, secrecy);
}

/** Beside a proxy, or on a trunk: no client is reached from here, and no token means anything. */
function placedTargets(
  deps: TargetDeps,
  request: SipRequest,
  ingress: FlowFace,
  plan: RoutePlan,
): Chosen {
  const { placement } = deps;
  const refusal = placementRefusal(placement, ingress.side, request.method);
  if (placement === undefined || refusal !== undefined) return failed(refusal ?? NOT_FOUND);
  const secrecy = secrecyOf(request, ingress, plan);
  const way = placement.way(request, plan, { address: ingress.flow.remote.address, secrecy });
  if (!way.ok) return way;
  return way.value === "next" ? towardsUri(deps, plan, secrecy) : ok([way.value]);
}

function flowOfToken(deps: TargetDeps, token: string): Result<readonly BranchTarget[], Reply> {
  const flow = openToken(deps, token);
  if (flow === undefined || !flow.open) return failed(FLOW_FAILED);
  return ok([once({ face: deps.faces.of(flow) })]);
}

/** A token of an earlier run, of a lost connection or of somebody else leads nowhere: 430 makes the client register anew. */
export function openToken({ flowTokens, opener }: TargetDeps, token: string): Flow | undefined {
  const reference = flowTokens.open(token);
  return reference.ok ? flowOf(opener, reference.value) : undefined;
}

export function flowOf(opener: FlowOpener, reference: FlowReference): Flow | undefined {
  if (reference.kind === "connection") return opener.flowById(reference.flowId);
  const { local, remote } = reference;
  return opener.connect({ transport: "udp", local, remote });
}

/** RFC 3261 §19.1.1: a Request-URI has no header fields. */
function withoutHeaders(contactUri: string): string {
  return contactUri.split("?", 1)[0] ?? contactUri;
}

/** A Contact that we have registered in place of a client's: over its flow, to the Contact that it gave. */
function behindAlias(deps: TargetDeps, uri: SipUri): Result<readonly BranchTarget[], Reply> {
  const alias = uri.user === undefined ? undefined : deps.aliases.open(uri.user);
  if (alias === undefined) return failed(NOT_FOUND);
  const flow = alias.flow === "stale" ? undefined : flowOf(deps.opener, alias.flow);
  if (flow === undefined || !flow.open) return failed(FLOW_FAILED);
  return ok([once({ face: deps.faces.of(flow), requestUri: withoutHeaders(alias.contactUri) })]);
}

/** Every device that the user has registered, at the same time. */
export function bindingsOf(
  deps: TargetDeps,
  requestUri: string,
): Result<readonly BranchTarget[], Reply> {
  const aor = canonicalAor(requestUri);
  const { registrar, clock, opener, faces } = deps;
  const bindings = aor === undefined ? [] : (registrar?.lookup(aor, clock.now()) ?? []);
  const targets: BranchTarget[] = [];
  for (const { flowId, contactUri, path } of bindings) {
    const flow = opener.flowById(flowId);
    if (flow?.open === true)
      targets.push(once({ face: faces.of(flow), requestUri: contactUri, path }));
  }
  return targets.length === 0 ? failed(NOT_FOUND) : ok(targets);
}

/**
 * From a client: in a dialog that we know by the Route set, a Route that is left is followed when it is an address, for
 * another proxy has recorded itself there; all else goes to the upstream, which resolves what is to be resolved.
 */
function towardsServer(
  deps: TargetDeps,
  next: SipUri | undefined,
  secrecy: Secrecy,
): Result<readonly BranchTarget[], Reply> {
  const hop = next === undefined ? undefined : literalHop(next);
  if (hop !== undefined && !deps.faces.isUpstream(hop.transport, hop.remote)) {
    return ok([once(openHop(deps, hop))]);
  }
  if (!deps.upstreams.mayTake(secrecy)) return failed(NOT_SECURE);
  return ok([
    hop === undefined ? deps.upstreams.inOrder(secrecy) : deps.upstreams.startingWith(hop, secrecy),
  ]);
}

/** From the server: the next Route, else the Request-URI. */
function towardsUri(deps: TargetDeps, plan: RoutePlan, secrecy: Secrecy): Chosen {
  const uri = plan.next ?? readUri(plan.target);
  if (uri === undefined) return failed(plainReply(416, "Unsupported URI Scheme"));
  if (deps.faces.isOwn(uri.host, uri.port)) {
    return plan.next === undefined ? behindAlias(deps, uri) : failed(NOT_FOUND);
  }
  if (isReachedByFlowOnly(uri)) return failed(FLOW_FAILED);
  const hop = literalHop(uri);
  if (hop !== undefined) return ok([once(openHop(deps, hop))]);
  if (deps.upstreams.isNamed(uri.host)) {
    return deps.upstreams.mayTake(secrecy)
      ? ok([deps.upstreams.inOrder(secrecy)])
      : failed(NOT_SECURE);
  }
  const name = serverNameOf(uri, secrecy);
  if (deps.locator === undefined || name === undefined) return failed(UNRESOLVED);
  if (name.secure && name.transport === "udp") return failed(NOT_SECURE);
  return locatedTargets(deps.locator, name, {
    isOwn: ({ remote }) => deps.faces.isOwn(remote.address, remote.port),
    open: (found) => openHop(deps, found),
  });
}

function readUri(text: string): SipUri | undefined {
  const uri = parseSipUri(text);
  return uri.ok ? uri.value : undefined;
}

/** A next hop; `name`: by which it was looked up, left out where it was an address. */
export interface Hop {
  readonly transport: TransportName;
  readonly remote: Endpoint;
  readonly name?: string;
}

/** The address in a URI, `maddr` first (RFC 3261 §16.6 step 7); undefined for names and for what is no single host. */
function literalHop(uri: SipUri): Hop | undefined {
  const address = bareHost(uri.params.get("maddr") ?? uri.host);
  if (isIP(address) === 0 || !isUnicast(address)) return undefined;
  const transport = transportOf(uri);
  if (transport === undefined) return undefined;
  return { transport, remote: { address, port: uri.port ?? DEFAULT_PORTS[transport] } };
}

/** sips: is TLS, also where the parameter says tcp (RFC 3261 §26.2.2); undefined for what we do not dial. */
function transportOf(uri: SipUri): "udp" | "tcp" | "tls" | undefined {
  const secure = uri.scheme === "sips";
  const transport = (uri.params.get("transport") ?? (secure ? "tls" : "udp")).toLowerCase();
  if (transport === "tls" || (secure && transport === "tcp")) return "tls";
  return !secure && (transport === "udp" || transport === "tcp") ? transport : undefined;
}

/** The way to a server or client at an address. */
export function openHop(deps: TargetDeps, hop: Hop): Target {
  const { faces, options, opener } = deps;
  const upstream = faces.upstreamAt(hop.transport, hop.remote);
  const server = options.isServerSide(hop.remote.address) || upstream !== undefined;
  const local = faces.listener(server ? "server" : "client", hop.transport, hop.remote.address);
  const name = hop.name ?? upstream?.host;
  const flow = opener.connect({
    ...hop,
    ...(local === undefined ? {} : { local }),
    ...(name === undefined ? {} : { name }),
  });
  return { face: faces.of(flow) };
}

/** A 503, and how long its sender wants to be left alone (RFC 3261 §21.5.4). */
export function busy(response: SipResponse): Trouble {
  const field = response.findName("retry-after");
  const seconds = field < 0 ? undefined : /^\d{1,9}/.exec(response.valueAt(field))?.[0];
  return { kind: "busy", retryAfterMs: seconds === undefined ? undefined : 1000 * Number(seconds) };
}

/** The one way there is. */
export function once(target: Target): BranchTarget {
  let left: Target | undefined = target;
  return {
    next() {
      const now = left;
      left = undefined;
      return now;
    },
  };
}

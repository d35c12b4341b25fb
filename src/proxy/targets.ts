import { isIP } from "node:net";
import { failed, ok, type Result } from "../base/result.ts";
import type { EmbeddedRegistrar } from "../location/embedded-registrar.ts";
import type { FlowTokens } from "../location/flow-tokens.ts";
import type { Clock } from "../base/clock.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import type { Endpoint, Flow, TransportName } from "../transport/flow.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import { canonicalAor, parseSipUri, type SipUri } from "../wire/sip/uri.ts";
import { bareHost, type FlowFace, type FlowFaces } from "./flow-face.ts";
import type { FlowOpener, ProxyOptions } from "./proxy-options.ts";
import { isUnicast } from "./is-unicast.ts";
import { locatedTargets, serverNameOf } from "./located-targets.ts";
import { FLOW_FAILED, plainReply, type Reply } from "./reply.ts";
import type { RoutePlan } from "./route.ts";
import type { Side } from "./seams.ts";
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
 * or it says that it has too much to do.
 */
export type Trouble =
  | { readonly kind: "lost" }
  | { readonly kind: "silent" }
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
  readonly registrar: EmbeddedRegistrar | undefined;
  readonly clock: Clock;
  readonly upstreams: UpstreamChoice;
  /** Finds the servers that names mean; undefined: names lead nowhere. */
  readonly locator: ServerLocator | undefined;
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

/** Decides where a request goes (DESIGN §4 "Sides and routing"; the Route set has been read by route.ts). */
export function chooseTargets(
  deps: TargetDeps,
  request: SipRequest,
  side: Side,
  plan: RoutePlan,
): Chosen {
  const inDialog = request.toTag !== undefined;
  // Strict routing (RFC 2543) changes the Request-URI, and the one that came in is the one that was judged.
  if (side === "client" && plan.target !== request.requestUri) return failed(STRICT);
  // A client that leaves out the crossing which rewrote the offer would get around it.
  if (side === "client" && plan.poppedPass && !plan.carriesOwn) return failed(BYPASS);
  // A token in a client's preloaded Route would let it reach another client past the server: only dialogs have them.
  if (plan.token !== undefined && (side === "server" || inDialog)) {
    // Anybody can write a To tag, and learns tokens of others: the Route set must be one that we gave to this dialog.
    if (side === "client" && !plan.proven) return failed(FOREIGN_ROUTE);
    return flowOfToken(deps, plan.token);
  }
  if (deps.options.upstream === "embedded") return bindingsOf(deps, request.requestUri);
  return side === "client"
    ? ok([towardsServer(deps, inDialog && plan.proven ? plan.next : undefined)])
    : towardsUri(deps, plan);
}

function flowOfToken(deps: TargetDeps, token: string): Result<readonly BranchTarget[], Reply> {
  const flow = openToken(deps, token);
  if (flow === undefined || !flow.open) return failed(FLOW_FAILED);
  return ok([once({ face: deps.faces.of(flow) })]);
}

/** A token of an earlier run, of a lost connection or of somebody else leads nowhere: 430 makes the client register anew. */
function openToken({ flowTokens, opener }: TargetDeps, token: string): Flow | undefined {
  const reference = flowTokens.open(token);
  if (!reference.ok) return undefined;
  if (reference.value.kind === "connection") return opener.flowById(reference.value.flowId);
  const { local, remote } = reference.value;
  return opener.connect({ transport: "udp", local, remote });
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
function towardsServer(deps: TargetDeps, next: SipUri | undefined): BranchTarget {
  const hop = next === undefined ? undefined : literalHop(next);
  if (hop === undefined || next === undefined) return deps.upstreams.inOrder();
  if (deps.faces.isUpstream(hop.transport, hop.remote)) {
    return deps.upstreams.startingWith(hop);
  }
  return once(openHop(deps, hop));
}

/** From the server: the next Route, else the Request-URI. */
function towardsUri(deps: TargetDeps, plan: RoutePlan): Chosen {
  const uri = plan.next ?? readUri(plan.target);
  if (uri === undefined) return failed(plainReply(416, "Unsupported URI Scheme"));
  if (deps.faces.isOwn(uri.host, uri.port)) return failed(NOT_FOUND);
  const hop = literalHop(uri);
  if (hop !== undefined) return ok([once(openHop(deps, hop))]);
  if (deps.upstreams.isNamed(uri.host)) return ok([deps.upstreams.inOrder()]);
  const name = serverNameOf(uri);
  if (deps.locator === undefined || name === undefined) return failed(UNRESOLVED);
  return locatedTargets(deps.locator, name, {
    isOwn: ({ remote }) => deps.faces.isOwn(remote.address, remote.port),
    open: (found) => openHop(deps, found),
  });
}

function readUri(text: string): SipUri | undefined {
  const uri = parseSipUri(text);
  return uri.ok ? uri.value : undefined;
}

/** A next hop without a name. */
export interface Hop {
  readonly transport: TransportName;
  readonly remote: Endpoint;
}

/** The address in a URI, `maddr` first (RFC 3261 §16.6 step 7); undefined for names and for what is no single host. */
function literalHop(uri: SipUri): Hop | undefined {
  const address = bareHost(uri.params.get("maddr") ?? uri.host);
  if (isIP(address) === 0 || !isUnicast(address)) return undefined;
  const transport = (uri.params.get("transport") ?? "udp").toLowerCase();
  if (transport !== "udp" && transport !== "tcp") return undefined;
  return { transport, remote: { address, port: uri.port ?? 5060 } };
}

/** The way to a server or client at an address. */
export function openHop(deps: TargetDeps, hop: Hop): Target {
  const { faces, options, opener } = deps;
  const server =
    options.isServerSide(hop.remote.address) || faces.isUpstream(hop.transport, hop.remote);
  const local = faces.listener(server ? "server" : "client", hop.transport, hop.remote.address);
  const flow = opener.connect(local === undefined ? hop : { ...hop, local });
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

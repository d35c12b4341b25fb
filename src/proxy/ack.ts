import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { topmostVia } from "../wire/sip/via.ts";
import { wayHash } from "./branch.ts";
import type { FlowFace } from "./flow-face.ts";
import { forwardedRequest } from "./forward-request.ts";
import { removeBody } from "./message-edits.ts";
import type { ProxyCore } from "./proxy-core.ts";
import type { RoutePlan } from "./route.ts";
import type { RequestContext } from "./seams.ts";
import { nextWay } from "./secrecy.ts";
import { chooseTargets, type Chosen, type Target } from "./targets.ts";

/** The ACK of a 2xx as it came in. */
export interface IncomingAck {
  readonly request: SipRequest;
  readonly ingress: FlowFace;
  readonly viaStamp: readonly Splice[];
  readonly plan: RoutePlan;
  readonly context: RequestContext;
}

/**
 * Sends the ACK of a 2xx on, statelessly, by its own Route set (RFC 3261 §16.11, RFC 6026 §7.1). There is no answer to
 * an ACK: one that cannot be forwarded is dropped.
 */
export function forwardAck(core: ProxyCore, ack: IncomingAck): void {
  const { request, ingress, plan } = ack;
  const hash = wayHash(request, ingress.side);
  if (request.value(HeaderId.MaxForwards) === "0") return;
  if (core.branches.isLoop(request, topmostVia(request), hash)) return;
  const chosen = chooseTargets(core.targets, request, ingress, plan);
  const send = (targets: Awaited<Chosen>): void => {
    const way = targets.ok ? targets.value[0] : undefined;
    const target = way === undefined ? undefined : nextWay(core.targets.faces, ack, way);
    if (target !== undefined && target !== "withheld") sendAck(core, ack, target, hash);
  };
  if (!(chosen instanceof Promise)) {
    send(chosen);
    return;
  }
  chosen.then(send).catch((error: unknown) => {
    core.log.warn({ err: error }, "an ACK could not be forwarded");
  });
}

function sendAck(core: ProxyCore, ack: IncomingAck, target: Target, hash: string): void {
  const { request, ingress, viaStamp, plan, context } = ack;
  const keepIdentity = context.side === "server" || context.trusted;
  const basis = {
    request,
    ingress,
    plan,
    viaStamp,
    keepIdentity,
    towardsServer: [],
    addPath: false,
  };
  const asked = editsOf(core, request, context);
  core.legs.heardRequest(request, ingress);
  const requestUri = target.requestUri ?? plan.target;
  const edits = [...asked, ...core.legs.leaving(request, target.face, requestUri)];
  target.face.flow.send(forwardedRequest({ ...basis, edits }, target, core.branches.next(hash)));
}

function editsOf(core: ProxyCore, ack: SipRequest, context: RequestContext): readonly Splice[] {
  try {
    return core.seams.onAck(ack, context);
  } catch (error) {
    core.log.warn({ err: error }, "the filter failed on an ACK");
    return core.options.onFailure === "block" ? removeBody(ack) : [];
  }
}

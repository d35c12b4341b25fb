/**
 * Where the gateway stands when it does not stand in front of a server (DESIGN §7): who may speak with it, who vouches
 * for a sender whom it has not seen register, and where a request goes on to.
 *
 * Beside a proxy, and on the trunk between servers, everything comes from the server side, and nothing comes twice: a
 * request is judged when it comes by, whatever side it is from. Strangers are refused, for what leaves us is taken for
 * authenticated by the server behind. Nobody registers through us, so nobody is reached by a flow.
 *
 * Does not open flows, and reads no bodies.
 */
import { plainReply, type Reply } from "./reply.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { SipUri } from "../wire/sip/uri.ts";
import { bareHost } from "./flow-face.ts";
import type { ProxyOptions } from "./proxy-options.ts";
import type { RoutePlan } from "./route.ts";
import { NOT_SECURE, type Secrecy } from "./secrecy.ts";
import type { Side, Voucher } from "./seams.ts";
import type { BranchTarget } from "./targets.ts";
import type { ServerChoice, UpstreamChoice } from "./upstream-choice.ts";

/** A way to servers, or `next`: the request goes where its next Route says, else its Request-URI. */
export type PlacedWay = BranchTarget | "next";

export interface Placement {
  /** Dialogs are followed only when they carry messages or files, or may (`ForwardOutcome.messaging`). */
  readonly followsMessagingOnly: boolean;
  /** Who says that the sender is who From says. */
  voucher(request: SipRequest, sourceAddress: string): Voucher;
  /** Where a request that was admitted goes. */
  way(request: SipRequest, plan: RoutePlan, origin: Origin): Result<PlacedWay, Reply>;
  /** Where a request of our own goes; undefined when nobody serves that domain. */
  wayOfOwn(requestUri: string, secrecy: Secrecy): BranchTarget | undefined;
}

/** Where a request came from, and what that asks of its way on. */
export interface Origin {
  readonly address: string;
  readonly secrecy: Secrecy;
}

export interface PlacementDeps {
  readonly options: ProxyOptions;
  /** All the servers that the gateway knows. */
  readonly upstreams: UpstreamChoice;
}

const STRANGER: Reply = plainReply(403, "Only Servers Speak Here");
const NO_REGISTRAR: Reply = plainReply(403, "No Registration Through Here");

/** RFC 3261 §19.1.2: those of SIP and of SIP over TLS. */
const SIP_PORTS: ReadonlySet<number> = new Set([5060, 5061]);

/** Why a request is not for a gateway that stands so; undefined when it is. */
export function placementRefusal(
  placement: Placement | undefined,
  side: Side,
  method: string,
): Reply | undefined {
  if (placement === undefined) return undefined;
  if (side === "client") return STRANGER;
  return method === "REGISTER" ? NO_REGISTRAR : undefined;
}

/** The servers of a choice that may be told a request of this secrecy. */
export function waysOf(choice: ServerChoice, secrecy: Secrecy): Result<BranchTarget, Reply> {
  return choice.mayTake(secrecy) ? ok(choice.inOrder(secrecy)) : failed(NOT_SECURE);
}

/**
 * Does this URI lead to a server that we know, by its address, and to a port at which it speaks SIP? Any other port of
 * it may be a service that believes us because of our address.
 */
export function leadsToPeer({ options, upstreams }: PlacementDeps, uri: SipUri): boolean {
  const address = bareHost(uri.params.get("maddr") ?? uri.host);
  const { port } = uri;
  if (!options.isServerSide(address)) return false;
  if (port === undefined || SIP_PORTS.has(port)) return true;
  return upstreams.all.some(({ remote }) => remote.address === address && remote.port === port);
}

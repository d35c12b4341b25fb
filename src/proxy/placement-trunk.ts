import { failed, ok, type Result } from "../base/result.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr } from "../wire/sip/name-addr.ts";
import { parseSipUri, type SipUri } from "../wire/sip/uri.ts";
import { bareHost } from "./flow-face.ts";
import {
  leadsToPeer,
  waysOf,
  type Origin,
  type PlacedWay,
  type Placement,
  type PlacementDeps,
} from "./placement.ts";
import type { DomainRoute, UpstreamTarget } from "./proxy-options.ts";
import { plainReply, type Reply } from "./reply.ts";
import type { RoutePlan } from "./route.ts";
import type { Secrecy } from "./secrecy.ts";
import type { ServerChoice } from "./upstream-choice.ts";

/** RFC 3261 §21.4.5: also when the domain is none of those that the recipient handles. */
const UNKNOWN_DOMAIN: Reply = plainReply(404, "Domain Not Served Here");
const FOREIGN_ROUTE: Reply = plainReply(403, "Route Leads Elsewhere");
const LOOP: Reply = plainReply(482, "Loop Detected");

interface Trunk {
  readonly servers: readonly UpstreamTarget[];
  readonly choice: ServerChoice;
}

/**
 * Between servers: a request goes to the servers of the domain in its Request-URI; within a dialog that bears our
 * proof by its Route set, which then ends at a server that we know, else to the servers of the domain in To. Never back to where it came from.
 */
export function createTrunkPlacement(
  deps: PlacementDeps,
  routes: readonly DomainRoute[],
): Placement {
  const trunks = new Map<string, Trunk>(
    routes.map(({ domain, servers }) => [
      domain,
      { servers, choice: deps.upstreams.among(servers) },
    ]),
  );

  function peerWay(uri: SipUri, secrecy: Secrecy): Result<PlacedWay, Reply> | undefined {
    if (leadsToPeer(deps, uri)) return ok("next");
    for (const { choice } of trunks.values()) {
      if (choice.isNamed(uri.host)) return waysOf(choice, secrecy);
    }
    return undefined;
  }

  function way(
    request: SipRequest,
    { next, target, proven }: RoutePlan,
    { address, secrecy }: Origin,
  ): Result<PlacedWay, Reply> {
    // Anybody can write a To tag. What is judged is the Request-URI, so that says where it goes, unless the dialog is proven.
    const isNew = request.toTag === undefined || !proven;
    const hop = next ?? (isNew ? undefined : uriOf(target));
    const peer = hop === undefined ? undefined : peerWay(hop, secrecy);
    if (peer !== undefined) return peer;
    if (next !== undefined && isNew) return failed(FOREIGN_ROUTE);
    const trunk = trunks.get(domainOf(isNew ? target : addresseeOf(request)));
    if (trunk === undefined) return failed(UNKNOWN_DOMAIN);
    const isSource = trunk.servers.some(({ remote }) => remote.address === address);
    return isSource ? failed(LOOP) : waysOf(trunk.choice, secrecy);
  }

  return {
    followsMessagingOnly: false,
    voucher: (_, sourceAddress) => ({
      kind: "peer",
      domains: routes
        .filter(({ servers }) => servers.some(({ remote }) => remote.address === sourceAddress))
        .map(({ domain }) => domain),
    }),
    way,
    wayOfOwn: (requestUri, secrecy) => trunks.get(domainOf(requestUri))?.choice.inOrder(secrecy),
  };
}

function uriOf(text: string): SipUri | undefined {
  const uri = parseSipUri(text);
  return uri.ok ? uri.value : undefined;
}

/** A name with a dot at its end is the same name (RFC 1034 §3.1). */
function domainOf(text: string): string {
  return bareHost(uriOf(text)?.host ?? "").replace(/\.$/, "");
}

function addresseeOf(request: SipRequest): string {
  const to = parseNameAddr(request.value(HeaderId.To) ?? "");
  return to.ok ? to.value.uri : "";
}

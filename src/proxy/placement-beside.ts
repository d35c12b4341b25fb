import { failed, ok, type Result } from "../base/result.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr, splitValues } from "../wire/sip/name-addr.ts";
import { canonicalAor } from "../wire/sip/uri.ts";
import {
  leadsToPeer,
  waysOf,
  type Origin,
  type PlacedWay,
  type Placement,
  type PlacementDeps,
} from "./placement.ts";
import { plainReply, type Reply } from "./reply.ts";
import type { RoutePlan } from "./route.ts";

const NO_WAY_BACK: Reply = plainReply(403, "Second Route Missing");
const FOREIGN_ROUTE: Reply = plainReply(403, "Route Leads Elsewhere");

/**
 * Beside a proxy: it sends a request round through us with two Routes, ours and its own, and goes on with what comes
 * back. A request that has no way back is refused: guessed at, it would go round the proxy, or round in circles.
 */
export function createBesidePlacement(deps: PlacementDeps): Placement {
  const { upstreams } = deps;
  function way(
    request: SipRequest,
    { next, proven }: RoutePlan,
    { secrecy }: Origin,
  ): Result<PlacedWay, Reply> {
    if (next !== undefined && leadsToPeer(deps, next)) return ok("next");
    // By name, it is the proxy that we know, whatever `maddr` or port stand beside it.
    const isNamed = next !== undefined && upstreams.isNamed(next.host);
    // A dialog in which the proxy has not recorded itself: it still knows the way to the peers' contacts.
    const isDialog = request.toTag !== undefined && proven;
    if (isNamed || isDialog) return waysOf(upstreams, secrecy);
    return failed(next === undefined ? NO_WAY_BACK : FOREIGN_ROUTE);
  }
  return {
    followsMessagingOnly: true,
    voucher: (request) => ({ kind: "asserted", aors: assertedAors(request) }),
    way,
    wayOfOwn: (_, secrecy) => upstreams.inOrder(secrecy),
  };
}

/** RFC 3325 §9.1: one value, or a sip and a tel URI. The proxy has removed what a client wrote there itself. */
function assertedAors(request: SipRequest): readonly string[] {
  const aors: string[] = [];
  for (
    let i = request.find(HeaderId.PAssertedIdentity);
    i >= 0;
    i = request.find(HeaderId.PAssertedIdentity, i + 1)
  ) {
    for (const { start, end } of splitValues(request, i)) {
      const value = parseNameAddr(request.bytes.toString("latin1", start, end));
      const aor = value.ok ? canonicalAor(value.value.uri) : undefined;
      if (aor !== undefined) aors.push(aor);
    }
  }
  return aors;
}

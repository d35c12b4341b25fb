import { hearingContext } from "../filter/hearing-context.ts";
import type { Domains } from "../policy/domains.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { SipRequest } from "../wire/sip/message.ts";

/** Who sends a message that somebody hands in: as if it came from a trusted client on this machine, over TCP. */
export function dryRunContext(
  request: SipRequest,
  now: number,
  { domains }: { readonly domains: Domains },
): HearingContext {
  return hearingContext(
    request,
    {
      side: "client",
      transport: "tcp",
      encrypted: false,
      sourceAddress: "127.0.0.1",
      sourcePort: 5060,
      authenticatedAor: undefined,
      trusted: true,
      // A captured message of a dialog cannot show the Route set that was ours.
      dialogProven: true,
      signed: false,
      receivedAt: now,
    },
    domains,
  );
}

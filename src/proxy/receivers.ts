import type { AliasedContact } from "../location/contact-aliases.ts";
import type { ProxyCore } from "./proxy-core.ts";
import type { RoutePlan } from "./route.ts";
import type { Side } from "./seams.ts";
import { flowOf, openToken } from "./targets.ts";

/**
 * Whose flow a request from the server leaves over, by the token in our Route or by the alias in its Request-URI
 * (`RequestContext.receivers`); undefined where it goes elsewhere, and where no client is reached (placement.ts).
 */
export function receiversOf(
  { targets, registrations }: Pick<ProxyCore, "targets" | "registrations">,
  side: Side,
  { token }: RoutePlan,
  alias: AliasedContact | undefined,
  nowMs: number,
): readonly string[] | undefined {
  if (side !== "server" || targets.placement !== undefined) return undefined;
  if (token === undefined && alias === undefined) return undefined;
  const flow = token === undefined ? aliasedFlow(targets, alias) : openToken(targets, token);
  return flow === undefined ? [] : registrations.authenticatedAors(flow.id, nowMs);
}

function aliasedFlow(
  targets: ProxyCore["targets"],
  alias: AliasedContact | undefined,
): ReturnType<typeof flowOf> {
  if (alias === undefined || alias.flow === "stale") return undefined;
  return flowOf(targets.opener, alias.flow);
}

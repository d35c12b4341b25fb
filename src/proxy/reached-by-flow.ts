import type { SipUri } from "../wire/sip/uri.ts";

/**
 * Does this URI name a client that nobody can connect to (RFC 7118 §5)? A browser has no address that it knows of and
 * writes a name under `.invalid` (RFC 2606 §2), which no DNS is ever asked for; and WebSockets are opened by clients.
 * Such a client is reached over the connection of its REGISTER, which the token in our Path names, or not at all.
 */
export function isReachedByFlowOnly(uri: SipUri): boolean {
  const transport = uri.params.get("transport")?.toLowerCase();
  const host = uri.params.get("maddr") ?? uri.host;
  return /(?:^|\.)invalid\.?$/i.test(host) || transport === "ws" || transport === "wss";
}

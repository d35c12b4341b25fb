import { isIP } from "node:net";
import type { Flow } from "../transport/flow.ts";
import type { TopmostVia } from "../wire/sip/via.ts";
import { bareHost, DEFAULT_PORTS } from "./flow-face.ts";
import type { FlowOpener } from "./proxy-options.ts";

/**
 * A peer asks with `alias` in its Via that requests to it may take the connection that it has opened (RFC 5923 §8.2).
 * What it offers is the address that it really comes from with the port of its sent-by; a sent-by with another address
 * offers nothing. Whether it may be believed is asked when there is something to send (transport.ts).
 */
export function learnAlias(opener: FlowOpener, flow: Flow, via: TopmostVia): void {
  const { transport, outgoing, remote } = flow;
  if (outgoing || (transport !== "tcp" && transport !== "tls")) return;
  if (via.transport.toLowerCase() !== transport) return;
  const host = bareHost(via.host);
  if (isIP(host) !== 0 && host !== remote.address) return;
  opener.alias?.(flow, via.port ?? DEFAULT_PORTS[transport]);
}

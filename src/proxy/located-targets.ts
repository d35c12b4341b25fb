import { isIP } from "node:net";
import { failed, ok, type Result } from "../base/result.ts";
import type { ServerName, SipTransport } from "../dns/select-server.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import type { SipUri } from "../wire/sip/uri.ts";
import { bareHost } from "./flow-face.ts";
import { isUnicast } from "./is-unicast.ts";
import { plainReply, type Reply } from "./reply.ts";
import type { Secrecy } from "./secrecy.ts";
import type { BranchTarget, Hop, Target } from "./targets.ts";

const UNRESOLVED: Reply = plainReply(502, "Host Name Not Resolved Here");
const NOT_IN_TIME: Reply = plainReply(504, "Host Name Not Resolved In Time");
const OURSELVES: Reply = plainReply(404, "Not Found");

/**
 * The name that a URI holds, `maddr` first (RFC 3263 §4 "TARGET"); undefined for an address, and for a transport that no
 * name is asked about. A request that asks for TLS on every hop finds nothing else by its name.
 */
export function serverNameOf(uri: SipUri, secrecy: Secrecy): ServerName | undefined {
  const host = bareHost(uri.params.get("maddr") ?? uri.host);
  const transport = uri.params.get("transport")?.toLowerCase();
  if (isIP(host) !== 0) return undefined;
  if (transport !== undefined && !isDialled(transport)) return undefined;
  return { host, port: uri.port, transport, secure: secrecy === "sips" };
}

function isDialled(transport: string): transport is SipTransport {
  return transport === "udp" || transport === "tcp" || transport === "tls";
}

/** The servers that a name means as one branch: each has its turn when the one before leads nowhere (RFC 3263 §4.3). */
export async function locatedTargets(
  locator: ServerLocator,
  name: ServerName,
  ways: { readonly isOwn: (hop: Hop) => boolean; readonly open: (hop: Hop) => Target },
): Promise<Result<readonly BranchTarget[], Reply>> {
  const located = await locator.locate(name);
  if (!located.ok) return failed(located.problem === "no-answer" ? NOT_IN_TIME : UNRESOLVED);
  const hops = located.value.servers
    .filter(({ address }) => isUnicast(address))
    .map(({ transport, address, port }): Hop => {
      // RFC 5922 §4: the certificate is for the domain that was asked for, whatever host the records lead to.
      return { transport, remote: { address, port }, name: name.host };
    });
  if (hops.length === 0) return failed(UNRESOLVED);
  const others = hops.filter((hop) => !ways.isOwn(hop));
  if (others.length === 0) return failed(OURSELVES);
  return ok([
    {
      next() {
        const hop = others.shift();
        return hop === undefined ? undefined : ways.open(hop);
      },
    },
  ]);
}

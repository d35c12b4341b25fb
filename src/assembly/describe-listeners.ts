import type { Config } from "../config/config.ts";
import { formatEndpoint } from "../transport/endpoint.ts";
import type { Listeners } from "./open-listeners.ts";

/** Clients' listeners, then in brackets the way to the server: for the ready line, from which scripts read the real ports. */
export function describeListeners(listeners: Listeners, config: Config): readonly string[] {
  const client = listeners.client.map(addressUrl);
  if (config.upstream.kind === "embedded") return [...client, "(upstream embedded)"];
  const servers = config.upstream.servers.map((server) => server.uri).join(" ");
  return [...client, `(upstream ${servers} from ${listeners.server.map(addressUrl).join(" ")})`];
}

function addressUrl(address: Listeners["client"][number]): string {
  return `${address.transport}://${formatEndpoint(address)}`;
}

import type { CodedError } from "../base/coded-error.ts";
import type { ListenAddress } from "../config/config.ts";
import type { Transport } from "../transport/transport.ts";

/** How many ports above the listener are tried for the side towards the server. */
const PORTS_TRIED = 50;
const SIP_PORT = 5060;

/** Every socket that we listen on, with the ports that they really got. */
export interface Listeners {
  readonly client: readonly ListenAddress[];
  readonly server: readonly ListenAddress[];
}

/** What has to be opened: `serverTransports` are those that the upstreams use. */
export interface ListenPlan {
  readonly listen: readonly ListenAddress[];
  readonly upstreamFrom: readonly ListenAddress[];
  readonly serverTransports: ReadonlySet<ListenAddress["transport"]>;
  /** Beside a proxy or on a trunk: servers alone speak with us, at `listen`. */
  readonly serversOnly?: boolean;
}

/**
 * Opens the listeners of both sides. The server's side has ports of its own, so that a server which trusts the
 * gateway's address does not thereby trust its users (DESIGN §4). Rejects with LISTEN_FAILED, naming the address.
 */
export async function openListeners(
  transport: Pick<Transport, "listen">,
  plan: ListenPlan,
): Promise<Listeners> {
  const client: ListenAddress[] = [];
  for (const address of plan.listen) client.push(await open(transport, address));
  if (plan.serversOnly === true) return { client, server: client };
  const server: ListenAddress[] = [];
  for (const address of plan.upstreamFrom) server.push(await open(transport, address));
  for (const name of plan.serverTransports) {
    if (server.some((address) => address.transport === name)) continue;
    const above = nearest(client, name);
    const configured = nearest(plan.listen, name);
    if (above === undefined || configured === undefined) continue;
    // A listener on any free port (tests) has no ports "above" it that would mean anything.
    const first = configured.port === 0 ? 0 : firstPortAbove(above);
    server.push(await openFirstFree(transport, { ...above, transport: name, port: first }));
  }
  return { client, server };
}

/** The listener of that transport, else the first, one that speaks SIP alone being preferred to a web port. */
function nearest(
  addresses: readonly ListenAddress[],
  name: ListenAddress["transport"],
): ListenAddress | undefined {
  const same = addresses.find((address) => address.transport === name);
  return same ?? addresses.find((address) => !isWeb(address)) ?? addresses[0];
}

/** Above a web port lie ports that mean something else, and that only root may open. */
function firstPortAbove(address: ListenAddress): number {
  return isWeb(address) ? SIP_PORT : address.port + 1;
}

function isWeb({ transport }: ListenAddress): boolean {
  return transport === "ws" || transport === "wss";
}

async function openFirstFree(
  transport: Pick<Transport, "listen">,
  first: ListenAddress,
): Promise<ListenAddress> {
  for (let tried = 0; ; tried++) {
    try {
      return await open(transport, { ...first, port: first.port === 0 ? 0 : first.port + tried });
    } catch (error) {
      const { code } = error as CodedError;
      if (code !== "LISTEN_FAILED" || first.port === 0 || tried + 1 >= PORTS_TRIED) throw error;
    }
  }
}

async function open(
  transport: Pick<Transport, "listen">,
  address: ListenAddress,
): Promise<ListenAddress> {
  const real = await transport.listen(address);
  return { transport: address.transport, address: real.address, port: real.port };
}

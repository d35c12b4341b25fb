import { freePort } from "../../support/free-port.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { SipClient } from "../../support/sip-client.ts";
import type { TestTransport } from "../../support/sip-socket.ts";
import { Kamailio } from "./kamailio.ts";

/** The shipped Kamailio at the edge, the gateway beside it, and two users of Kamailio. Three addresses, as in a network. */
export interface BesideStage extends AsyncDisposable {
  readonly kamailio: Kamailio;
  readonly gateway: GatewayProcess;
  readonly alice: SipClient;
  readonly bob: SipClient;
}

const KAMAILIO = "127.0.0.2";
const USERS = "127.0.0.3";

/** `transport` is that of the users and of the way round through the gateway. */
export async function openBesideStage(
  transport: TestTransport,
  defines: readonly string[] = [],
): Promise<BesideStage> {
  const stack = new AsyncDisposableStack();
  const at = { address: KAMAILIO, port: await freePort(KAMAILIO) };
  const gatewayPort = await freePort("127.0.0.1");
  const kamailio = stack.use(
    await Kamailio.start({
      shipped: {
        file: "kamailio-beside.cfg",
        at,
        defines,
        replace: [
          ["10.0.0.1:5060", `${KAMAILIO}:${at.port}`],
          ["10.0.0.9:5070", `127.0.0.1:${gatewayPort}`],
          ["10\\.0\\.0\\.9:5070", `127\\.0\\.0\\.1:${gatewayPort}`],
          ["10.0.0.9", "127.0.0.1"],
          ["10.0.0.1", KAMAILIO],
          ["transport=tcp", `transport=${transport}`],
          ['$proto != "tcp"', `$proto != "${transport}"`],
          // Probes that give up after 2 s, so that a test need not wait for 30.
          [
            'modparam("rr", "enable_full_lr", 1)',
            'modparam("rr", "enable_full_lr", 1)\nmodparam("tm", "fr_timer", 2000)',
          ],
          ['"ping_interval", 5', '"ping_interval", 1'],
        ],
      },
    }),
  );
  const gateway = stack.use(
    await GatewayProcess.start({
      placement: "beside",
      listen: [`udp://127.0.0.1:${gatewayPort}`, `tcp://127.0.0.1:${gatewayPort}`],
      upstream: [kamailio.uri(transport)],
    }),
  );
  const common = {
    transport,
    gateway: { address: KAMAILIO, port: at.port },
    address: USERS,
    password: "secret",
  };
  const alice = stack.use(await SipClient.signOn({ ...common, name: "alice" }));
  const bob = stack.use(await SipClient.signOn({ ...common, name: "bob" }));
  return { kamailio, gateway, alice, bob, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

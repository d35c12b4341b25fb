import { freePort } from "../../support/free-port.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { SipClient } from "../../support/sip-client.ts";
import type { TestTransport } from "../../support/sip-socket.ts";
import { Kamailio } from "./kamailio.ts";

/** Two shipped Kamailios, a.test and b.test, the gateway on the trunk between them, and a user of each. */
export interface TrunkStage extends AsyncDisposable {
  readonly serverA: Kamailio;
  readonly serverB: Kamailio;
  readonly gateway: GatewayProcess;
  readonly alice: SipClient;
  readonly bob: SipClient;
  /** Another user, of `domain` and at its server. */
  signOn(name: string, domain: TrunkDomain): Promise<SipClient>;
}

type TrunkDomain = "a.test" | "b.test";

const USERS = "127.0.0.4";

/** `transport` is that of the users and of the trunk. */
export async function openTrunkStage(transport: TestTransport): Promise<TrunkStage> {
  const stack = new AsyncDisposableStack();
  const gatewayPort = await freePort("127.0.0.1");
  const openEnd = async (address: string, domain: TrunkDomain): Promise<Kamailio> => {
    const at = { address, port: await freePort(address) };
    const replace: readonly (readonly [string, string])[] = [
      ["10.0.1.1:5060", `${address}:${at.port}`],
      ["10.0.1.1", address],
      ["10.0.0.9:5060", `127.0.0.1:${gatewayPort}`],
      ["10.0.0.9", "127.0.0.1"],
      ["transport=tcp", `transport=${transport}`],
      ['$proto != "tcp"', `$proto != "${transport}"`],
      ["a.test", domain],
    ];
    const shipped = { file: "kamailio-trunk.cfg", at, replace };
    return stack.use(await Kamailio.start({ shipped }));
  };
  const serverA = await openEnd("127.0.0.2", "a.test");
  const serverB = await openEnd("127.0.0.3", "b.test");
  const gateway = stack.use(
    await GatewayProcess.start({
      placement: "trunk",
      upstream: undefined,
      listen: [`udp://127.0.0.1:${gatewayPort}`, `tcp://127.0.0.1:${gatewayPort}`],
      routes: [
        { domain: "a.test", to: serverA.uri(transport) },
        { domain: "b.test", to: serverB.uri(transport) },
      ],
      domains: ["a.test"],
    }),
  );
  const signOn = async (name: string, domain: TrunkDomain): Promise<SipClient> => {
    const server = domain === "a.test" ? serverA : serverB;
    const at = { address: server.host, port: server.port };
    const common = { name, domain, transport, gateway: at, address: USERS };
    return stack.use(await SipClient.signOn(common));
  };
  const alice = await signOn("alice", "a.test");
  const bob = await signOn("bob", "b.test");
  const dispose = (): Promise<void> => stack.disposeAsync();
  return { serverA, serverB, gateway, alice, bob, signOn, [Symbol.asyncDispose]: dispose };
}

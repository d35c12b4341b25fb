import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventLine } from "./events-file.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { NoticeAccount } from "./notice-account.ts";
import { SipClient, type SipClientOptions } from "./sip-client.ts";
import { SipServer } from "./sip-server.ts";
import type { TestTransport } from "./sip-socket.ts";
import { writeRules, type GatewaySettings } from "./write-config.ts";

/** Where a message crosses the gateway twice: clients, a gateway with rules of its own, the stand-in server behind it. */
export interface TwoCrossings extends AsyncDisposable {
  readonly server: SipServer;
  readonly gateway: GatewayProcess;
  readonly transport: TestTransport;
  /** A client that has signed on through the gateway. */
  signOn(name: string, options?: Partial<SipClientOptions>): Promise<SipClient>;
  /** A client that nobody has proven to be anybody. */
  open(name: string, options?: Partial<SipClientOptions>): Promise<SipClient>;
  /** What was decided since this was asked last: new incidents, and lines about messages and sessions. */
  counts(): Promise<Counts>;
}

export interface Counts {
  readonly incidents: number;
  readonly events: number;
}

export async function openTwoCrossings(
  rules: unknown,
  given: { readonly transport?: TestTransport; readonly settings?: GatewaySettings } = {},
): Promise<TwoCrossings> {
  await using stack = new AsyncDisposableStack();
  const transport = given.transport ?? "tcp";
  const dir = await mkdtemp(join(tmpdir(), "sluice-rules-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const server = stack.use(await SipServer.open());
  const account = stack.use(await NoticeAccount.create());
  const gateway = stack.use(
    await GatewayProcess.start({
      upstream: [server.uri(transport)],
      account: account.settings,
      rules: [await writeRules(dir, "rules.yaml", rules)],
      ...given.settings,
    }),
  );
  const clients = stack.use(new AsyncDisposableStack());
  const common = { transport, gateway: gateway.at(transport) };
  let markers = 0;
  let seen = 0;
  const incidents = new Set<string>();
  const owned = stack.move();
  return {
    server,
    gateway,
    transport,
    signOn: async (name, options) =>
      clients.use(await SipClient.signOn({ ...common, name, ...options })),
    open: async (name, options) =>
      clients.use(await SipClient.open({ ...common, name, ...options })),
    async counts() {
      // A message that is sent last has its line last: when it is there, so are those before it.
      markers += 1;
      const callId = `marker-${markers}`;
      const marker = clients.use(await SipClient.open({ ...common, name: "marker" }));
      await marker.sends("sip:nobody@example.test", "the end", { callId });
      await gateway.eventsOf(callId);
      const lines = (await gateway.events()).filter(isDecision);
      const fresh = lines.slice(seen);
      seen = lines.length;
      const before = incidents.size;
      for (const { incident } of fresh) if (typeof incident === "string") incidents.add(incident);
      return { incidents: incidents.size - before, events: fresh.length };
    },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

function isDecision(event: EventLine): boolean {
  const counts = event["type"] === "message" || event["type"] === "session";
  return counts && !String(event["call_id"]).startsWith("marker-");
}

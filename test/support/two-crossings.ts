import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  /** Incidents, and lines of the event log about messages and sessions; the log is a second late at most. */
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
      const marker = clients.use(await SipClient.open({ ...common, name: "marker" }));
      const callId = `marker-${marker.local.port}`;
      await marker.sends("sip:nobody@example.test", "the end", { callId });
      await gateway.eventsOf(callId);
      const events = (await gateway.events()).filter(
        (event) =>
          (event["type"] === "message" || event["type"] === "session") &&
          !String(event["call_id"]).startsWith("marker-"),
      );
      return { incidents: (await gateway.incidents()).length, events: events.length };
    },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

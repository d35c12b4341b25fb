import { randomUUID } from "node:crypto";
import { SipClient } from "../../support/sip-client.ts";
import type { TestTransport } from "../../support/sip-socket.ts";

interface Stranger {
  /** Where he sends to. */
  readonly at: { readonly address: string; readonly port: number };
  readonly transport: TestTransport;
  /** A user part that somebody of ours has too. */
  readonly name: string;
  /** A Route set that leads to the server and no further. */
  readonly routes: readonly string[];
}

/** What a stranger hears who wants a request relayed to himself: as a new one, and in a dialog that never was. */
export async function statusesOfRelaying(stranger: Stranger): Promise<readonly string[]> {
  const { at, transport, name, routes } = stranger;
  const common = { transport, gateway: at, address: "127.0.0.7", domain: "foreign.test" };
  await using eve = await SipClient.open({ ...common, name });
  await using target = await SipClient.open({ ...common, name: "target" });
  const uri = target.contact.slice(1, -1);
  const state = {
    callId: randomUUID(),
    from: `<${eve.aor}>;tag=1`,
    to: `<sip:${name}@foreign.test>;tag=2`,
    target: uri,
  };
  const heard = [
    await eve.sends(uri, "hello"),
    await eve.withinDialog({ ...state, routes }, "MESSAGE", { body: "hello" }),
    await eve.withinDialog({ ...state, routes: [] }, "OPTIONS"),
  ];
  return heard.map(({ startLine }) => startLine);
}

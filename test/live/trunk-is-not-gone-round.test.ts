import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SipClient } from "../support/sip-client.ts";
import type { DialogState } from "../support/sip-dialog.ts";
import type { SipText } from "../support/sip-text.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import type { Kamailio } from "./peers/kamailio.ts";
import { allOf, statusesBeside } from "./peers/large-messages.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";
import { openTrunkStage, type TrunkStage } from "./peers/trunk-kamailios.ts";

const PROGRAM = "http://t.example.net/x.exe";

describe.skipIf(isMissing([KAMAILIO]))("attackers of the trunk between two Kamailios", () => {
  let stage: TrunkStage;

  beforeAll(async () => {
    stage = await openTrunkStage("tcp");
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  const routeTo = ({ host, port }: Kamailio): string => `<sip:${host}:${port};transport=tcp;lr>`;
  const strangerAt = async (
    server: Kamailio,
    { transport = "tcp", address = "127.0.0.5", domain = "c.test" }: StrangerParts = {},
  ): Promise<SipClient> => {
    const at = { address: server.host, port: server.port };
    return SipClient.open({ name: "eve", domain, transport, gateway: at, address });
  };
  /** A dialog that never was, to bob. */
  const madeUp = (from: string, target: string, routes: readonly string[] = []): DialogState => ({
    callId: randomUUID(),
    from: `<${from}>;tag=1`,
    to: `<${stage.bob.aor}>;tag=2`,
    target,
    routes,
  });

  it("a made-up To tag leads through the gateway, whatever Request-URI and Route say", async () => {
    const { alice, bob, serverA, serverB } = stage;
    const elsewhere = [
      `sip:bob@${serverB.host}:${serverB.port};transport=tcp`,
      `sip:bob@${bob.local.address}:${bob.local.port};transport=tcp`,
      bob.aor,
    ];
    const sets = [[], [routeTo(serverA)], [routeTo(serverA), routeTo(serverB)]];
    for (const target of elsewhere) {
      for (const routes of sets) {
        const state = madeUp(alice.aor, target, routes);
        const answer = await alice.withinDialog(state, "MESSAGE", { body: PROGRAM });
        expect([target, routes.length, answer.status >= 400]).toEqual([
          target,
          routes.length,
          true,
        ]);
      }
    }
    expect(bob.unread).toEqual([]);
  });

  it("a made-up ACK does not go round it either", async () => {
    const { alice, bob, gateway, serverA, serverB } = stage;
    for (const routes of [[routeTo(serverA)], [routeTo(serverA), routeTo(serverB)]]) {
      const target = `sip:bob@${bob.local.address}:${bob.local.port};transport=tcp`;
      alice.acknowledge(madeUp(alice.aor, target, routes), "1");
    }
    expect((await alice.sends(bob.aor, "after it")).status).toBe(200);
    await bob.receives();
    const at = gateway.at("tcp");
    const isByGateway = (ack: SipText): boolean =>
      ack.all("via").some((via) => via.includes(`${at.address}:${at.port}`));
    const acks = bob.arrived.filter(({ method }) => method === "ACK");
    expect(acks.filter((ack) => !isByGateway(ack))).toEqual([]);
  });

  it("nobody writes under a name that is not of his server", async () => {
    const { bob, serverB } = stage;
    await using eve = await strangerAt(serverB);
    for (const routes of [[], [routeTo(serverB)]]) {
      const state = madeUp("sip:boss@c.test", bob.aor, routes);
      const answer = await eve.withinDialog(state, "MESSAGE", { body: PROGRAM });
      expect(answer.startLine).toBe("SIP/2.0 403 Not Your Domain");
    }
    expect(bob.unread).toEqual([]);
  });

  it("the gateway's address in a datagram proves nothing", async () => {
    const { bob, serverB } = stage;
    const as = { transport: "udp", address: "127.0.0.1", domain: "a.test" } as const;
    await using eve = await strangerAt(serverB, as);
    expect((await eve.sends(bob.aor, PROGRAM)).startLine).toBe("SIP/2.0 403 Not Your Domain");
    expect(bob.unread).toEqual([]);
  });

  it("users of one server still have dialogs among themselves, which the gateway never sees", async () => {
    const { alice } = stage;
    const carol = await stage.signOn("carol", "a.test");
    const { response, dialog } = await alice.invites(carol.aor);
    expect(response.status).toBe(200);
    const back = carol.dialogOf(await carol.receivesRequest("INVITE"));
    await carol.receivesRequest("ACK");
    expect((await dialog.sends("hello carol")).status).toBe(200);
    const received = await carol.receives();
    expect([received.text, received.all("via").length]).toEqual(["hello carol", 2]);
    expect((await back.ends()).status).toBe(200);
    await alice.receivesRequest("BYE");
  });

  it("a long message is carried or refused, and nobody else's suffer", async () => {
    const { alice, bob } = stage;
    const statuses = await statusesBeside([alice, bob], [bob, alice]);
    expect(statuses).toEqual({ large: allOf(200, 4), small: allOf(200, 20) });
    const tooLarge = alice.sends(bob.aor, "a ".repeat(70_000));
    const small = await bob.sends(alice.aor, "meanwhile");
    expect([(await tooLarge).status, small.status]).toEqual([513, 200]);
  });
});

interface StrangerParts {
  readonly transport?: TestTransport;
  readonly address?: string;
  readonly domain?: string;
}

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";
import { openTrunkStage, type TrunkStage } from "./peers/trunk-kamailios.ts";

const TRANSPORTS: readonly TestTransport[] = ["udp", "tcp"];

describe.skipIf(isMissing([KAMAILIO])).each(TRANSPORTS)(
  "the gateway on the trunk between two Kamailios: %s",
  (transport) => {
    let stage: TrunkStage;
    let gateway: GatewayProcess;
    let alice: SipClient;
    let bob: SipClient;

    beforeAll(async () => {
      stage = await openTrunkStage(transport);
      ({ gateway, alice, bob } = stage);
    });

    afterAll(async () => {
      await stage[Symbol.asyncDispose]();
    });

    it("carries messages both ways and knows their direction", async () => {
      const [there, back] = [randomUUID(), randomUUID()];
      expect((await alice.sends(bob.aor, "hello bob", { callId: there })).status).toBe(200);
      const received = await bob.receives();
      expect(received.text).toBe("hello bob");
      expect(received.bytes.includes("Sluice-Mark")).toBe(false);
      expect((await bob.sends(alice.aor, "hello alice", { callId: back })).status).toBe(200);
      expect((await alice.receives()).text).toBe("hello alice");
      expect(await gateway.eventsOf(there)).toMatchObject([
        { action: "allow", direction: "outbound", from: alice.aor, to: [bob.aor] },
      ]);
      expect(await gateway.eventsOf(back)).toMatchObject([{ direction: "inbound" }]);
    });

    it("disarms a link and refuses a program, with one incident each", async () => {
      const before = (await gateway.incidents()).length;
      expect((await alice.sends(bob.aor, "http://t.example.net/x")).status).toBe(200);
      expect((await bob.receives()).text).toContain("_http://t.example.net/x");
      const answer = await bob.sends(alice.aor, "http://t.example.net/x.exe");
      expect(answer.status).toBe(403);
      expect(answer.header("warning")).toMatch(/Ref INC-/);
      expect(alice.unread).toEqual([]);
      expect(await gateway.incidents()).toHaveLength(before + 2);
    });

    it("carries a session of messages both ways and to its end", async () => {
      const { response, dialog } = await alice.invites(bob.aor);
      expect(response.status).toBe(200);
      const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
      expect((await dialog.sends("hello bob")).status).toBe(200);
      expect((await bob.receives()).text).toBe("hello bob");
      expect((await back.sends("see www.t.example.net")).status).toBe(200);
      expect((await alice.receives()).text).toContain("see _www.t.example.net");
      expect((await back.sends("http://t.example.net/x.bat")).status).toBe(403);
      expect((await back.ends()).status).toBe(200);
      await alice.receivesRequest("BYE");
      expect(alice.unread).toEqual([]);
    });

    it("refuses a domain that nobody serves", async () => {
      const answer = await alice.sends("sip:carol@c.test", "hello");
      expect(answer.startLine).toBe("SIP/2.0 404 Domain Not Served Here");
    });

    it("speaks with nobody but the two", async () => {
      await using mallory = await SipClient.open({
        name: "mallory",
        domain: "a.test",
        transport,
        gateway: gateway.at(transport),
        address: "127.0.0.5",
      });
      const answer = await mallory.sends(bob.aor, "hello");
      expect(answer.startLine).toBe("SIP/2.0 403 Only Servers Speak Here");
      expect(bob.unread).toEqual([]);
    });
  },
);

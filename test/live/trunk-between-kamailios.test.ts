import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const TRANSPORTS: readonly TestTransport[] = ["udp", "tcp"];
const A = "127.0.0.2";
const B = "127.0.0.3";

describe.skipIf(isMissing([KAMAILIO])).each(TRANSPORTS)(
  "the gateway on the trunk between two Kamailios: %s",
  (transport) => {
    const stack = new AsyncDisposableStack();
    let gateway: GatewayProcess;
    let alice: SipClient;
    let bob: SipClient;

    beforeAll(async () => {
      const gatewayPort = await freePort("127.0.0.1");
      const openEnd = async (address: string, domain: string): Promise<Kamailio> => {
        const at = { address, port: await freePort(address) };
        const replace: readonly (readonly [string, string])[] = [
          ["10.0.1.1:5060", `${address}:${at.port}`],
          ["10.0.1.1", address],
          ["10.0.0.9:5060", `127.0.0.1:${gatewayPort}`],
          ["10.0.0.9", "127.0.0.1"],
          ["transport=tcp", `transport=${transport}`],
          ["a.test", domain],
        ];
        const shipped = { file: "kamailio-trunk.cfg", at, replace };
        return stack.use(await Kamailio.start({ shipped }));
      };
      const serverA = await openEnd(A, "a.test");
      const serverB = await openEnd(B, "b.test");
      gateway = stack.use(
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
      const signOn = async (name: string, domain: string, server: Kamailio): Promise<SipClient> => {
        const at = { address: server.host, port: server.port };
        const address = "127.0.0.4";
        return stack.use(await SipClient.signOn({ name, domain, transport, gateway: at, address }));
      };
      alice = await signOn("alice", "a.test", serverA);
      bob = await signOn("bob", "b.test", serverB);
    });

    afterAll(async () => {
      await stack.disposeAsync();
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

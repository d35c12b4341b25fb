/** RFC 3261 §18.1.1, with a server that takes TCP at its UDP port and one that does not. */
import { expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { Inbox } from "../support/inbox.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { openDatagramSocket } from "../support/sip-socket.ts";
import type { SipText } from "../support/sip-text.ts";
import { waitUntil } from "../support/wait-until.ts";

const LARGE = "x".repeat(5000);
const TO = "sip:bob@example.test";

async function aliceAt(gateway: GatewayProcess): Promise<SipClient> {
  return SipClient.open({ name: "alice", transport: "udp", gateway: gateway.at("udp") });
}

it("goes by TCP to the server's port, and small ones by UDP", async () => {
  await using server = await SipServer.open();
  server.answering = 200;
  await using gateway = await GatewayProcess.start({ upstream: [server.uri("udp")], rules: [] });
  await using alice = await aliceAt(gateway);
  expect((await alice.sends(TO, LARGE)).status).toBe(200);
  expect((await alice.sends(TO, "small")).status).toBe(200);
  const vias = server.arrived.map((message) => message.header("via")?.slice(0, 12));
  expect(vias).toEqual(["SIP/2.0/TCP ", "SIP/2.0/UDP "]);
  expect(server.arrived[0]?.body.toString()).toBe(LARGE);
});

it("goes by UDP after all where nobody takes TCP", async () => {
  const arrived = new Inbox<SipText>();
  const server = await openDatagramSocket(
    { address: "127.0.0.1", port: 0 },
    undefined,
    (message, reply) => {
      const copied = message.headers
        .filter(({ name }) => ["via", "from", "to", "call-id", "cseq"].includes(name))
        .map(({ raw }) => raw);
      const lines = ["SIP/2.0 200 OK", ...copied, "Content-Length: 0", "", ""];
      if (message.method === "MESSAGE") arrived.put(message);
      reply(Buffer.from(lines.join("\r\n"), "latin1"));
    },
  );
  const upstream = [`sip:127.0.0.1:${server.local.port};transport=udp`];
  await using gateway = await GatewayProcess.start({ upstream, rules: [] });
  await using alice = await aliceAt(gateway);
  expect((await alice.sends(TO, LARGE)).status).toBe(200);
  expect((await arrived.next("the message")).body.toString()).toBe(LARGE);
  await waitUntil("the log to say so", () => gateway.stderr.includes("takes no TCP"));
  await server.close();
});

/** RFC 3263: the server stands in the configuration by its domain alone. */
import { afterEach, expect, it } from "vitest";
import { DnsServer } from "../support/dns-server.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";

const stack = new AsyncDisposableStack();

afterEach(async () => {
  await stack.disposeAsync();
});

it("a server that is a domain is found by NAPTR and SRV, and another one takes over", async () => {
  const first = stack.use(await SipServer.open());
  const second = stack.use(await SipServer.open());
  first.answering = 200;
  second.answering = 202;
  const dns = stack.use(
    await DnsServer.open({
      "corp.example": { naptr: [[10, 1, "s", "SIP+D2T", "_sip._tcp.corp.example"]] },
      "_sip._tcp.corp.example": {
        srv: [
          [10, 1, first.local.port, "one.corp.example"],
          [20, 1, second.local.port, "two.corp.example"],
        ],
      },
      "one.corp.example": { a: ["127.0.0.1"] },
      "two.corp.example": { a: ["127.0.0.1"] },
    }),
  );
  const gateway = stack.use(
    await GatewayProcess.start({
      upstream: ["sip:corp.example"],
      dns: { servers: [dns.address] },
      rules: [],
    }),
  );
  const alice = stack.use(
    await SipClient.open({ name: "alice", transport: "tcp", gateway: gateway.at("tcp") }),
  );
  expect((await alice.sends("sip:bob@example.test", "hello")).status).toBe(200);
  await first.close();
  expect((await alice.sends("sip:bob@example.test", "hello")).status).toBe(202);
  expect((await gateway.cli("health")).stdout).toContain(`127.0.0.1:${second.local.port}`);
});

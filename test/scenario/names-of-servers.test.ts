/** RFC 3263: the server stands in the configuration by its domain alone. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { DnsServer } from "../support/dns-server.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { StreamPeer } from "../support/stream-peer.ts";
import { waitUntil } from "../support/wait-until.ts";

let stack = new AsyncDisposableStack();

afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
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

describe("a server that is a domain, by TLS", () => {
  const authority = new TestAuthority();
  afterAll(() => authority[Symbol.dispose]());
  const ca = authority.ca;
  const ours = authority.issue({ names: "DNS:gw.example.test,IP:127.0.0.1" });

  /** A server whose certificate bears those names, behind a gateway that knows it as `upstream`. */
  async function stage(names: string, upstream: string) {
    const tls = { ca, certificate: authority.issue({ names }), gateway: "gw.example.test" };
    const server = stack.use(await StreamPeer.open({ address: "127.0.0.2", tls }));
    const clear = stack.use(await SipServer.open("127.0.0.3"));
    clear.answering = 202;
    const dns = stack.use(
      await DnsServer.open({
        "corp.example": {
          naptr: [
            [10, 1, "s", "SIPS+D2T", "_sips._tcp.hosting.example"],
            [20, 1, "s", "SIP+D2T", "_sip._tcp.hosting.example"],
          ],
        },
        "_sips._tcp.hosting.example": { srv: [[1, 1, server.local.port, "one.hosting.example"]] },
        "_sip._tcp.hosting.example": { srv: [[1, 1, clear.local.port, "two.hosting.example"]] },
        "one.hosting.example": { a: ["127.0.0.2"] },
        "two.hosting.example": { a: ["127.0.0.3"] },
      }),
    );
    const gateway = stack.use(
      await GatewayProcess.start({
        listen: ["tls://127.0.0.1:0", "tcp://127.0.0.1:0"],
        upstream: [upstream],
        tls: { ...ours, ca },
        dns: { servers: [dns.address] },
        rules: [],
      }),
    );
    const client = async (transport: "tls" | "tcp") =>
      stack.use(
        await SipClient.open({
          name: "alice",
          transport,
          gateway: gateway.at(transport),
          tls: { ca: readFileSync(ca) },
        }),
      );
    return { server, clear, dns, gateway, client };
  }

  it("is found by NAPTR, and proves the domain, not the host that the records lead to", async () => {
    const { server, client } = await stage("DNS:corp.example", "sip:corp.example");
    const alice = await client("tls");
    expect((await alice.sends("sip:bob@example.test", "hello")).status).toBe(200);
    const { request } = await server.arrived.next("the message");
    expect(request.header("via")).toMatch(/^SIP\/2\.0\/TLS /);
  });

  it("gets nothing when its certificate is for that host alone; only what came in clear goes on in clear", async () => {
    const { server, clear, gateway, client } = await stage(
      "DNS:one.hosting.example",
      "sip:corp.example",
    );
    const [secret, plain] = [await client("tls"), await client("tcp")];
    expect((await secret.sends("sip:bob@example.test", "hello")).status).not.toBe(202);
    const reason = "its certificate names one.hosting.example, not corp.example";
    await waitUntil("the log", () => gateway.stderr.includes(reason));
    expect(clear.arrived).toEqual([]);
    expect((await plain.sends("sip:bob@example.test", "hello")).status).toBe(202);
    expect(server.arrived.size).toBe(0);
  });

  it("is TLS with sips:, whatever else its records offer", async () => {
    const { clear, dns, gateway, client } = await stage(
      "DNS:one.hosting.example",
      "sips:corp.example",
    );
    const alice = await client("tcp");
    expect((await alice.sends("sip:bob@example.test", "hello")).status).toBe(503);
    expect(clear.arrived).toEqual([]);
    expect(dns.asked.filter((question) => question.includes("_sip."))).toEqual([]);
    expect(gateway.ready.upstreamFrom.tls).toBeDefined();
  });
});

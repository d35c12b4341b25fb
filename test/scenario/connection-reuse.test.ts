/** RFC 5923: a server's own connection carries what goes to the server, and nobody else's does. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { DnsServer } from "../support/dns-server.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { Address } from "../support/sip-socket.ts";
import { StreamPeer, type OwnConnection, type PeerTls } from "../support/stream-peer.ts";
import { waitUntil } from "../support/wait-until.ts";

const authority = new TestAuthority();
const stranger = new TestAuthority("another authority");
afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});
let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

const { ca } = authority;
const OURS = authority.issue({ names: "DNS:gw.example.test,IP:127.0.0.1" });
const SERVER = "127.0.0.2";
const BOB = "sip:bob@example.test";

const showing = (names: string, by = authority): PeerTls => ({
  ca,
  certificate: by.issue({ names }),
  gateway: "gw.example.test",
});
const STRANGER: PeerTls = { ca, gateway: "gw.example.test" };

/** A server by that transport, the gateway in front of it, and Alice, whose messages go there. */
async function stage(transport: "tls" | "tcp", settings: Readonly<Record<string, unknown>> = {}) {
  const tls = transport === "tls" ? { tls: showing(`IP:${SERVER}`) } : {};
  const server = stack.use(await StreamPeer.open({ address: SERVER, ...tls }));
  const { port } = server.local;
  const gateway = stack.use(
    await GatewayProcess.start({
      listen: ["tcp://127.0.0.1:0", "tls://127.0.0.1:0"],
      upstream: [`sip:${SERVER}:${port};transport=${transport}`],
      upstream_probe: "off",
      tls: { ...OURS, ca, client_cert: "optional" },
      rules: [],
      ...settings,
    }),
  );
  const at = {
    transport: "tls",
    gateway: gateway.at("tls"),
    tls: { ca: readFileSync(ca) },
  } as const;
  const tcp = { transport: "tcp", gateway: gateway.at("tcp") } as const;
  const alice = stack.use(
    await SipClient.open({ name: "alice", ...(transport === "tls" ? at : tcp) }),
  );
  const sends = async (): Promise<number> => (await alice.sends(BOB, "hello")).status;
  return { server, port, gateway, sends };
}

/** Where the server's side reaches the gateway. */
function serverSide({ ready }: GatewayProcess, transport: "tls" | "tcp"): Address {
  const address = ready.upstreamFrom[transport];
  if (address === undefined) throw new Error(`no ${transport} towards the server: ${ready.line}`);
  return address;
}

async function connected(peer: StreamPeer, to: Address): Promise<OwnConnection> {
  return stack.use(await peer.connectsTo(to));
}

const way = async (peer: StreamPeer) => (await peer.arrived.next("a request")).by;

describe.each(["tls", "tcp"] as const)("a server's connection by %s", (transport) => {
  const via = (port: number, end = ";alias"): string =>
    `SIP/2.0/${transport.toUpperCase()} ${SERVER}:${port}${end}`;

  it("carries the requests to that server when the server offers it, and the next is opened when it is gone", async () => {
    const { server, port, gateway, sends } = await stage(transport);
    const own = await connected(server, serverSide(gateway, transport));
    await own.asks(via(port));
    expect(await sends()).toBe(200);
    expect(await way(server)).toBe(own);
    await own[Symbol.asyncDispose]();
    await waitUntil("a connection of the gateway's", async () => (await sends()) === 200);
    expect(await way(server)).toBe("listener");
  });

  it("carries none that the server has not offered", async () => {
    const { server, port, gateway, sends } = await stage(transport);
    const own = await connected(server, serverSide(gateway, transport));
    await own.asks(via(port, ""));
    expect(await sends()).toBe(200);
    expect(await way(server)).toBe("listener");
  });

  it("carries them on when the server does not let itself be called any more", async () => {
    const { server, port, gateway, sends } = await stage(transport);
    expect(await sends()).toBe(200);
    expect(await way(server)).toBe("listener");
    const own = await connected(server, serverSide(gateway, transport));
    await own.asks(via(port));
    await server.stopsListening();
    await waitUntil("the other connection", async () => (await sends()) === 200);
    expect(await way(server)).toBe(own);
  });
});

describe("a stranger who offers a connection for the server's requests", () => {
  const NOTHING = { status: 503, arrived: 0, open: true };

  /** Offers it with every sent-by that might be believed, while the server is away; what becomes of a request then. */
  async function tries(
    peer: StreamPeer,
    to: Address,
    given: Awaited<ReturnType<typeof stage>>,
    name: "TLS" | "TCP",
  ): Promise<typeof NOTHING> {
    const own = await connected(peer, to);
    for (const host of [SERVER, peer.local.address, "sip.example.test"]) {
      await own.asks(`SIP/2.0/${name} ${host}:${given.port};alias`);
    }
    await given.server.stopsListening();
    return { status: await given.sends(), arrived: peer.arrived.size, open: own.open };
  }

  it.each([
    ["without a certificate", () => STRANGER],
    ["with a certificate of another name", () => showing("DNS:mallory.example")],
    ["with a certificate of another address", () => showing("IP:127.0.0.3")],
    ["with a forged certificate", () => showing(`IP:${SERVER}`, stranger)],
  ])("by TLS from the server's own address gets nothing: %s", async (_what, tls) => {
    const given = await stage("tls");
    const peer = stack.use(await StreamPeer.open({ address: SERVER, tls: tls() }));
    expect(await tries(peer, serverSide(given.gateway, "tls"), given, "TLS")).toEqual(NOTHING);
  });

  it("by TLS from another address gets nothing, though its certificate be the server's", async () => {
    const given = await stage("tls");
    const tls = showing(`IP:${SERVER},IP:127.0.0.3`);
    const peer = stack.use(await StreamPeer.open({ address: "127.0.0.3", tls }));
    expect(await tries(peer, serverSide(given.gateway, "tls"), given, "TLS")).toEqual(NOTHING);
  });

  it("by TLS at the clients' door gets nothing of what goes to the server's side", async () => {
    const given = await stage("tls");
    const tls = showing(`IP:${SERVER}`);
    const peer = stack.use(await StreamPeer.open({ address: SERVER, tls }));
    expect(await tries(peer, given.gateway.at("tls"), given, "TLS")).toEqual(NOTHING);
  });

  it.each([
    ["from another address", "127.0.0.3", "server"],
    ["from another address at the clients' door", "127.0.0.3", "clients"],
    ["from the server's address at the clients' door", SERVER, "clients"],
  ] as const)("by TCP gets nothing: %s", async (_what, address, door) => {
    const given = await stage("tcp");
    const peer = stack.use(await StreamPeer.open({ address }));
    const { gateway } = given;
    expect(
      await tries(
        peer,
        door === "server" ? serverSide(gateway, "tcp") : gateway.at("tcp"),
        given,
        "TCP",
      ),
    ).toEqual(NOTHING);
  });
});

describe("on a trunk", () => {
  const FAR = "127.0.0.3";

  async function trunk() {
    const near = stack.use(
      await StreamPeer.open({ address: SERVER, tls: showing(`IP:${SERVER}`) }),
    );
    const far = stack.use(await StreamPeer.open({ address: FAR, tls: showing(`IP:${FAR}`) }));
    const to = ({ local }: StreamPeer): string =>
      `sip:${local.address}:${local.port};transport=tls`;
    const gateway = stack.use(
      await GatewayProcess.start({
        placement: "trunk",
        upstream: undefined,
        listen: ["tls://127.0.0.1:0"],
        routes: [
          { domain: "near.example", to: to(near) },
          { domain: "far.example", to: to(far) },
        ],
        upstream_probe: "off",
        tls: { ...OURS, ca, client_cert: "required" },
        rules: [],
      }),
    );
    const fromNear = await connected(near, gateway.at("tls"));
    const fromFar = await connected(far, gateway.at("tls"));
    const sends = async (): Promise<number> =>
      (await fromNear.asks(`SIP/2.0/TLS ${SERVER}`, "sip:carol@far.example")).status;
    return { near, far, fromNear, fromFar, sends };
  }

  it("either server's own connection carries what the other one sends", async () => {
    const { near, far, fromNear, fromFar, sends } = await trunk();
    await fromNear.asks(`SIP/2.0/TLS ${SERVER}:${near.local.port};alias`);
    await fromFar.asks(`SIP/2.0/TLS ${FAR}:${far.local.port};alias`);
    expect(await sends()).toBe(200);
    expect(await way(far)).toBe(fromFar);
    const back = await fromFar.asks(`SIP/2.0/TLS ${FAR}`, "sip:alice@near.example");
    expect(back.status).toBe(200);
    expect(await way(near)).toBe(fromNear);
  });

  it("no server gets what goes to another one", async () => {
    const { near, far, fromNear, sends } = await trunk();
    for (const host of [FAR, SERVER, "far.example"]) {
      await fromNear.asks(`SIP/2.0/TLS ${host}:${far.local.port};alias`);
    }
    expect(await sends()).toBe(200);
    expect(await way(far)).toBe("listener");
    await far.stopsListening();
    expect(await sends()).toBe(503);
    expect(near.arrived.size).toBe(0);
  });
});

describe("a server that a name means (RFC 3263)", () => {
  it.each([
    ["its own connection, when the certificate is for that name", "DNS:far.example", 200, "theirs"],
    ["none, when it is for the host of its records", "DNS:sip7.far.example", 430, undefined],
  ])("is reached over %s", async (_what, names, status, expected) => {
    const far = stack.use(await StreamPeer.open({ address: "127.0.0.4", tls: showing(names) }));
    const dns = stack.use(
      await DnsServer.open({
        "_sips._tcp.far.example": { srv: [[1, 1, far.local.port, "sip7.far.example"]] },
        "sip7.far.example": { a: ["127.0.0.4"] },
      }),
    );
    const { server, port, gateway } = await stage("tls", { dns: { servers: [dns.address] } });
    const theirs = await connected(far, gateway.at("tls"));
    await theirs.asks(`SIP/2.0/TLS far.example:${far.local.port};alias`);
    const own = await connected(server, serverSide(gateway, "tls"));
    const answer = await own.asks(`SIP/2.0/TLS ${SERVER}:${port}`, "sips:carol@far.example");
    expect(answer.status).toBe(status);
    const ways = far.arrived.items.map(({ by }) => (by === theirs ? "theirs" : by));
    expect(ways).toEqual(expected === undefined ? [] : [expected]);
  });
});

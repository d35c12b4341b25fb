/** RFC 5923: connections that peers have opened, for requests to them; and who gets none of them. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { TestAuthority, type CertificateFiles } from "../../test/support/certificates.ts";
import { connectTlsPeer } from "../../test/support/tls-peer.ts";
import { connectTcpPeer, createTransportRig, until } from "../../test/support/transport-rig.ts";
import type { RigExtras, TransportRig } from "../../test/support/transport-rig.ts";
import type { Flow, TransportName } from "./flow.ts";
import type { TlsSettings } from "./tls-contexts.ts";

const authority = new TestAuthority();
const stranger = new TestAuthority("another authority");
afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

const NAME = "server.example";
const server7 = authority.issue({ names: `DNS:${NAME}` });
const other = authority.issue({ names: "DNS:other.example,URI:sip:mallory@server.example" });

const TLS: TlsSettings = {
  certificates: [authority.issue({ names: "DNS:gateway.example" })],
  ca: authority.ca,
  verifyPeer: true,
  clientCert: "optional",
};
/** Where the server of these tests would listen; nobody does. */
const SERVER = { address: "127.0.0.1", port: 5071 };
const dial = (rig: TransportRig, transport: TransportName = "tls", name?: string): Flow =>
  rig.transport.connect({ transport, remote: SERVER, ...(name === undefined ? {} : { name }) });

function rigWith(extras: RigExtras = {}, tls: TlsSettings = TLS): TransportRig {
  return createTransportRig({}, tls, extras);
}

/** What the gateway sees of a peer that has connected and said something. */
async function flowOf(rig: TransportRig, socket: { write(text: string): void }): Promise<Flow> {
  const before = rig.frames.length;
  socket.write("hello\n");
  await rig.until(() => rig.frames.length > before);
  const flow = rig.frames.at(-1)?.flow;
  if (flow === undefined) throw new Error("no frame");
  return flow;
}

/** A peer by TLS that shows this certificate and offers its connection for SERVER. */
async function offering(rig: TransportRig, port: number, shown?: CertificateFiles) {
  const peer = await connectTlsPeer(port, shown);
  const flow = await flowOf(rig, peer.socket);
  rig.transport.alias(flow, SERVER.port);
  return { peer, flow, [Symbol.dispose]: () => peer[Symbol.dispose]() };
}

const listenTls = async (rig: TransportRig): Promise<number> =>
  (await rig.transport.listen({ transport: "tls", address: "127.0.0.1", port: 0 })).port;

describe("a connection by TLS that the server has opened", () => {
  it.each([
    ["the DNS name", `DNS:x.example,DNS:${NAME}`],
    ["the SIP domain", `URI:sip:${NAME},DNS:sip7.example`],
  ])("is used when its certificate bears %s that is wanted", async (_what, names) => {
    await using rig = rigWith();
    const port = await listenTls(rig);
    using offered = await offering(rig, port, authority.issue({ names }));
    const flow = dial(rig, "tls", NAME);
    expect(flow).toBe(offered.flow);
    flow.send(Buffer.from("request"));
    await until(() => offered.peer.received() === "request");
    expect(rig.transport.counters.connectErrors).toBe(0);
  });

  it("is used for an address only when the certificate bears the address", async () => {
    await using rig = rigWith();
    const port = await listenTls(rig);
    using named = await offering(rig, port, server7);
    const mine = dial(rig);
    expect(mine).not.toBe(named.flow);
    await until(() => !mine.open);
    using numbered = await offering(rig, port, authority.issue({ names: "IP:127.0.0.1" }));
    expect(dial(rig)).toBe(numbered.flow);
  });

  it("is followed by another one when it is gone, and by one of ours when none is left", async () => {
    await using rig = rigWith();
    const port = await listenTls(rig);
    const first = await offering(rig, port, server7);
    using second = await offering(rig, port, server7);
    expect(dial(rig, "tls", NAME)).toBe(first.flow);
    first.peer.socket.destroy();
    await until(() => rig.closed.includes(first.flow));
    expect(dial(rig, "tls", NAME)).toBe(second.flow);
    second.peer.socket.destroy();
    await until(() => rig.closed.includes(second.flow));
    const ours = dial(rig, "tls", NAME);
    expect(ours.outgoing).toBe(true);
    await until(() => !ours.open);
  });

  it("is not closed when it is full, but congested as one of ours", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 64 * 1024 }, TLS);
    const port = await listenTls(rig);
    using offered = await offering(rig, port, server7);
    offered.peer.socket.pause();
    const flow = dial(rig, "tls", NAME);
    await until(() => !flow.send(Buffer.alloc(32 * 1024)));
    expect(flow).toMatchObject({ open: true, congested: true });
  });

  it("is pinged as one of ours, and given up when a peer that has answered does not any more", async () => {
    const keepAlive = { ping: Buffer.from("ping"), pong: Buffer.from("pong\n") };
    await using rig = rigWith({ keepAlive });
    const port = await listenTls(rig);
    using offered = await offering(rig, port, server7);
    rig.clock.advance(30_000);
    expect(dial(rig, "tls", NAME)).toBe(offered.flow);
    rig.clock.advance(30_000);
    await until(() => offered.peer.received() === "ping");
    offered.peer.socket.write("pong\n");
    await rig.until(() => rig.texts().includes("pong"));
    rig.clock.advance(30_000);
    await until(() => offered.peer.received() === "pingping");
    rig.clock.advance(15_000);
    await until(() => rig.closed.includes(offered.flow));
    expect(rig.errors.at(-1)?.code).toBe("KEEPALIVE_UNANSWERED");
  });

  it("is used on with a session that was resumed", async () => {
    await using rig = rigWith();
    const port = await listenTls(rig);
    using first = await connectTlsPeer(port, server7);
    const [session] = await once(first.socket, "session");
    using again = await connectTlsPeer(port, server7, { session });
    expect(again.socket.isSessionReused()).toBe(true);
    const flow = await flowOf(rig, again.socket);
    rig.transport.alias(flow, SERVER.port);
    expect(dial(rig, "tls", NAME)).toBe(flow);
  });
});

describe("a peer by TLS that wants somebody else's requests", () => {
  const expired = authority.issue({ names: `DNS:${NAME}`, days: -1 });
  const forged = stranger.issue({ names: `DNS:${NAME}` });
  const wildcard = authority.issue({ names: "DNS:*.example" });
  const user = authority.issue({ names: `URI:sip:mallory@${NAME}`, commonName: NAME });

  it.each([
    ["shows no certificate", undefined],
    ["shows one of another name", other],
    ["shows one of a user of that domain", user],
    ["shows one of an unknown authority", forged],
    ["shows one that has expired", expired],
    ["shows one with a wildcard", wildcard],
  ])("gets none when it %s", async (_what, shown) => {
    await using rig = rigWith();
    const port = await listenTls(rig);
    using hostile = await offering(rig, port, shown);
    const flow = dial(rig, "tls", NAME);
    expect(flow).not.toBe(hostile.flow);
    flow.send(Buffer.from("secret"));
    await until(() => !flow.open);
    expect(hostile.peer.received()).toBe("");
    // Nor does it keep the right one out.
    using right = await offering(rig, port, server7);
    expect(dial(rig, "tls", NAME)).toBe(right.flow);
  });

  it("gets none when certificates are not asked for, or need not be verified otherwise", async () => {
    for (const settings of [
      { ...TLS, clientCert: "off" },
      { ...TLS, verifyPeer: false },
    ] as const) {
      await using rig = rigWith({}, settings);
      const port = await listenTls(rig);
      using hostile = await offering(rig, port, forged);
      const flow = dial(rig, "tls", NAME);
      expect(flow).not.toBe(hostile.flow);
      await until(() => !flow.open);
    }
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "gets none by a session of %s that it resumes without a certificate",
    async (maxVersion) => {
      await using rig = rigWith();
      const port = await listenTls(rig);
      using first = await connectTlsPeer(port, undefined, { maxVersion });
      // With TLS 1.3 it comes after the handshake, with TLS 1.2 it has been there before anybody could wait for it.
      const session =
        maxVersion === "TLSv1.3"
          ? (await once(first.socket, "session"))[0]
          : first.socket.getSession();
      using again = await connectTlsPeer(port, undefined, { session, maxVersion });
      expect(again.socket.isSessionReused()).toBe(true);
      const hostile = await flowOf(rig, again.socket);
      rig.transport.alias(hostile, SERVER.port);
      const flow = dial(rig, "tls", NAME);
      expect(flow).not.toBe(hostile);
      await until(() => !flow.open);
    },
  );

  it("gets none for another port, and none by TCP", async () => {
    await using rig = rigWith();
    const port = await listenTls(rig);
    using offered = await offering(rig, port, server7);
    rig.transport.alias(offered.flow, 5072);
    for (const transport of ["tls", "tcp"] as const) {
      const flow = dial(rig, transport, NAME);
      expect(flow).not.toBe(offered.flow);
      await until(() => !flow.open);
    }
  });

  it("gets nothing of the server's side when it is on the clients', and the other way round", async () => {
    for (const incoming of [true, false]) {
      const isServer: RigExtras["isServer"] = ({ outgoing }) => outgoing !== incoming;
      await using rig = rigWith({ isServer });
      const port = await listenTls(rig);
      using offered = await offering(rig, port, server7);
      const flow = dial(rig, "tls", NAME);
      expect(flow).not.toBe(offered.flow);
      await until(() => !flow.open);
    }
  });
});

describe("a connection by TCP that the peer has opened", () => {
  const listenTcp = async (rig: TransportRig): Promise<number> =>
    (await rig.transport.listen({ transport: "tcp", address: "127.0.0.1", port: 0 })).port;

  it("is used when the peer is a server", async () => {
    await using rig = createTransportRig({}, undefined, { server: "127.0.0.1" });
    using peer = await connectTcpPeer(await listenTcp(rig));
    const flow = await flowOf(rig, peer.socket);
    rig.transport.alias(flow, SERVER.port);
    expect(dial(rig, "tcp", NAME)).toBe(flow);
  });

  it("is never used when the peer is a client, nor for another address", async () => {
    await using rig = createTransportRig({}, undefined, { server: "127.0.0.9" });
    const port = await listenTcp(rig);
    for (const from of ["127.0.0.1", "127.0.0.9"]) {
      using peer = await connectTcpPeer(port, from);
      const hostile = await flowOf(rig, peer.socket);
      rig.transport.alias(hostile, SERVER.port);
      const flow = dial(rig, "tcp");
      expect(flow).not.toBe(hostile);
      await until(() => !flow.open);
    }
  });

  it("does not take the place of one of ours that is there", async () => {
    await using rig = createTransportRig({}, undefined, { server: "127.0.0.1" });
    const listener = createServer((socket) => socket.on("error", () => undefined));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const remote = { address: "127.0.0.1", port: (listener.address() as AddressInfo).port };
    const ours = rig.transport.connect({ transport: "tcp", remote });
    using peer = await connectTcpPeer(await listenTcp(rig));
    rig.transport.alias(await flowOf(rig, peer.socket), remote.port);
    expect(rig.transport.connect({ transport: "tcp", remote })).toBe(ours);
    // What we have opened ourselves is offered by nobody.
    rig.transport.alias(ours, 9);
    const elsewhere = { address: "127.0.0.1", port: 9 };
    const another = rig.transport.connect({ transport: "tcp", remote: elsewhere });
    expect(another).not.toBe(ours);
    await until(() => !another.open);
    listener.close();
    ours.close();
  });

  it("is nothing that UDP and WebSockets know of", async () => {
    await using rig = createTransportRig({}, undefined, { server: "127.0.0.1" });
    const udp = await rig.transport.listen({ transport: "udp", address: "127.0.0.1", port: 0 });
    const flow = rig.transport.connect({ transport: "udp", remote: SERVER, local: udp });
    rig.transport.alias(flow, 9);
    expect(flow.remote).toEqual(SERVER);
  });
});

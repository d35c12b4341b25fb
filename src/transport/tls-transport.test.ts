import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type AddressInfo,
  type Socket,
} from "node:net";
import { connect, createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { TestAuthority, type CertificateFiles } from "../../test/support/certificates.ts";
import { connectTlsPeer } from "../../test/support/tls-peer.ts";
import { connectTcpPeer, createTransportRig, until } from "../../test/support/transport-rig.ts";
import type { TlsSettings } from "./tls-contexts.ts";

const authority = new TestAuthority();
const stranger = new TestAuthority("another authority");
afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

const ours = authority.issue({ names: "DNS:gateway.example" });
const server7 = authority.issue({ names: "DNS:server.example" });

const TLS: TlsSettings = {
  certificates: [ours],
  ca: authority.ca,
  verifyPeer: true,
  clientCert: "off",
};
const ANY = { transport: "tls", address: "127.0.0.1", port: 0 } as const;

/** A TLS server in the place of the upstream. */
async function startTlsServer(files: CertificateFiles, options: TlsOptions = {}) {
  let received = "";
  const sockets: TLSSocket[] = [];
  const pair = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const server = createServer({ ...pair, ...options }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => (received += chunk.toString()));
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    remote: { address: "127.0.0.1", port: (server.address() as AddressInfo).port },
    received: () => received,
    sockets,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe("connections of clients by TLS", () => {
  it("carry messages both ways", async () => {
    await using rig = createTransportRig({}, TLS);
    rig.onFrame = (flow, text) => flow.send(Buffer.from(`${text}!`));
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTlsPeer(port);
    peer.socket.write("hello\n");
    await until(() => peer.received() === "hello!");
    const flow = rig.frames[0]?.flow;
    expect(flow).toMatchObject({ transport: "tls", encrypted: true, reliable: true, open: true });
    expect(flow?.local).toEqual({ address: "127.0.0.1", port });
    expect(rig.transport.flowById(flow?.id ?? "")).toBe(flow);
    expect(peer.socket.alpnProtocol).toBe(false);
  });

  it("resume a session, so that registering again costs less", async () => {
    await using rig = createTransportRig({}, TLS);
    const { port } = await rig.transport.listen(ANY);
    using first = await connectTlsPeer(port);
    const [session] = await once(first.socket, "session");
    const again = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, session });
    await once(again, "secureConnect");
    expect(again.isSessionReused()).toBe(true);
    again.destroy();
  });

  it("end when the handshake takes longer than a header may", async () => {
    await using rig = createTransportRig({ headerTimeoutMs: 30_000 }, TLS);
    const { port } = await rig.transport.listen(ANY);
    using silent = await connectTcpPeer(port);
    using slow = await connectTcpPeer(port);
    // The beginning of a ClientHello.
    slow.socket.write(Buffer.from("16030100c8010000c40303", "hex"));
    await until(() => rig.transport.counters.connectionsAccepted === 2);
    rig.clock.advance(29_900);
    slow.socket.write(Buffer.from("00", "hex"));
    expect(silent.ended || slow.ended).toBe(false);
    rig.clock.advance(300);
    await until(() => silent.ended && slow.ended);
    expect(rig.transport.counters.closedByHeaderTimeout).toBe(2);
    expect(rig.errors).toHaveLength(1);
    expect(rig.errors[0]?.message).toMatch(
      /^no tls connection with 127.*no handshake within 30000/,
    );
  });

  it("give back the places of peers that reset and come again from the same port", async () => {
    await using rig = createTransportRig({ connectionsPerAddress: 8 }, TLS);
    const { port } = await rig.transport.listen(ANY);
    const accepted = (): number => rig.transport.counters.connectionsAccepted;
    let cameAgain = 0;
    for (let turn = 1; turn <= 30 && cameAgain < 10; turn += 1) {
      const before = accepted();
      const first = await connectTcpPeer(port);
      await until(() => accepted() === before + 1);
      const localPort = first.socket.localPort ?? 0;
      first.socket.resetAndDestroy();
      // The end of the first one and the second one both wait when the gateway looks next.
      const second = connectTcp({ host: "127.0.0.1", port, localPort });
      second.on("error", () => undefined);
      // Another program of this machine may have taken the port in between: then the turn shows nothing.
      await until(() => accepted() === before + 2 || second.destroyed);
      if (accepted() === before + 2) cameAgain += 1;
      second.resetAndDestroy();
      if (!second.closed) await once(second, "close");
    }
    expect(cameAgain).toBe(10);
    using peer = await connectTlsPeer(port);
    expect(peer.ended()).toBe(false);
    expect(rig.transport.counters.connectionsRefused).toBe(0);
  });

  it("have one time for handshake and first message together", async () => {
    await using rig = createTransportRig({ headerTimeoutMs: 30_000 }, TLS);
    const { port } = await rig.transport.listen(ANY);
    using late = await connectTcpPeer(port);
    await until(() => rig.transport.counters.connectionsAccepted === 1);
    rig.clock.advance(20_000);
    const secure = connect({ socket: late.socket, rejectUnauthorized: false });
    await once(secure, "secureConnect");
    await until(() => rig.transport.counters.connectionsOpen === 1);
    rig.clock.advance(9800);
    expect(late.ended).toBe(false);
    rig.clock.advance(400);
    await until(() => late.ended);
    expect(rig.transport.counters.closedByHeaderTimeout).toBe(1);
  });

  it.each([
    ["plain SIP", Buffer.from("REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n")],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n")],
    ["garbage", Buffer.alloc(300, 7)],
  ])("end at once when the peer sends %s, which reaches nobody", async (_what, bytes) => {
    await using rig = createTransportRig({}, TLS);
    const { port } = await rig.transport.listen(ANY);
    using honest = await connectTlsPeer(port);
    using peer = await connectTcpPeer(port);
    peer.socket.write(bytes);
    await until(() => peer.ended);
    expect(rig.transport.counters.handshakeErrors).toBe(1);
    await until(() => rig.errors.length === 1);
    expect(rig.errors[0]).toMatchObject({ code: "TLS_HANDSHAKE_FAILED" });
    expect(rig.errors[0]?.message).toMatch(
      /^no tls connection with 127.0.0.1:\d+: it does not speak/,
    );
    honest.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 1);
    expect(rig.texts()).toEqual(["hello"]);
  });

  it("are told of once a second when their handshakes fail, and not at all when they just go", async () => {
    await using rig = createTransportRig({}, TLS);
    const { port } = await rig.transport.listen(ANY);
    for (let i = 1; i <= 3; i++) {
      using left = await connectTcpPeer(port);
      left.socket.destroy();
      using peer = await connectTcpPeer(port);
      peer.socket.write("x".repeat(50));
      await until(() => rig.transport.counters.handshakeErrors === 2 * i);
    }
    expect(rig.errors).toHaveLength(1);
    rig.clock.advance(1000);
    using peer = await connectTcpPeer(port);
    peer.socket.write("x".repeat(50));
    await until(() => rig.errors.length === 2);
  });

  it("have their place in the quota before the handshake, and give it back when that fails", async () => {
    await using rig = createTransportRig({ connectionsPerAddress: 1 }, TLS);
    const { port } = await rig.transport.listen(ANY);
    using first = await connectTcpPeer(port);
    await until(() => rig.transport.counters.connectionsAccepted === 1);
    using second = await connectTlsPeer(port);
    await until(() => second.ended());
    expect(rig.transport.counters.connectionsRefused).toBe(1);
    first.socket.write("x".repeat(50));
    await until(() => first.ended);
    using third = await connectTlsPeer(port);
    await until(() => rig.transport.counters.connectionsOpen === 1);
    third.socket.destroy();
    await until(() => rig.closed.length === 1);
    using fourth = await connectTlsPeer(port);
    await until(() => rig.transport.counters.connectionsOpen === 1);
    expect(fourth.ended()).toBe(false);
  });

  it("are closed when the client does not read", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 64 * 1024 }, TLS);
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTlsPeer(port);
    peer.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 1);
    peer.socket.pause();
    const flow = rig.frames[0]?.flow;
    await until(() => {
      flow?.send(Buffer.alloc(32 * 1024));
      return flow?.open === false;
    });
    await until(() => rig.closed.length === 1);
    expect(rig.errors[0]?.code).toBe("SEND_BUFFER_FULL");
    expect(rig.transport.counters.closedBySendBuffer).toBe(1);
  });

  it("end with the transport, those in the middle of a handshake too", async () => {
    const rig = createTransportRig({}, TLS);
    const { port } = await rig.transport.listen(ANY);
    using secure = await connectTlsPeer(port);
    using greeting = await connectTcpPeer(port);
    await until(() => rig.transport.counters.connectionsAccepted === 2);
    await rig[Symbol.asyncDispose]();
    await until(() => secure.ended() && greeting.ended);
    expect(rig.transport.counters.connectionsOpen).toBe(0);
  });
});

describe("mutual TLS", () => {
  const alice = authority.issue({ names: "URI:sip:alice@example.test" });
  const mallory = stranger.issue({ names: "URI:sip:alice@example.test" });
  const expired = authority.issue({ names: "URI:sip:alice@example.test", days: -1 });

  it("lets a client in that shows a certificate of the authority", async () => {
    await using rig = createTransportRig({}, { ...TLS, clientCert: "required" });
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTlsPeer(port, alice);
    peer.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 1);
    expect(rig.texts()).toEqual(["hello"]);
  });

  it.each([
    ["none", undefined, "it showed no certificate, and tls.client_cert asks for one"],
    ["one of another authority", mallory, "its certificate is of an authority that we do not know"],
    ["an expired one", expired, "its certificate has expired"],
  ])("keeps a client out that shows %s", async (_what, shown, reason) => {
    await using rig = createTransportRig({}, { ...TLS, clientCert: "required" });
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTlsPeer(port, shown);
    peer.socket.write("hello\n");
    await until(() => peer.ended() && rig.errors.length === 1);
    expect(rig.frames).toEqual([]);
    const from = `127.0.0.1:${peer.port}`;
    expect(rig.errors[0]?.message).toContain(`no tls connection with ${from}: ${reason}`);
    expect(rig.transport.counters.connectionsOpen).toBe(0);
    // The place is free again.
    expect(rig.closed).toEqual([]);
  });

  it("lets a client in without one where it is optional", async () => {
    await using rig = createTransportRig({}, { ...TLS, clientCert: "optional" });
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTlsPeer(port);
    peer.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 1);
    expect(rig.texts()).toEqual(["hello"]);
  });

  it("shows our certificate to a server that asks for one", async () => {
    await using rig = createTransportRig({}, TLS);
    const ask = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.ca) };
    using server = await startTlsServer(server7, ask);
    const { remote } = server;
    rig.transport
      .connect({ transport: "tls", remote, name: "server.example" })
      .send(Buffer.from("x"));
    await until(() => server.received() === "x");
    expect(rig.errors).toEqual([]);
  });
});

describe("connections to servers by TLS", () => {
  it("are made once for each server, and carry what was sent meanwhile", async () => {
    await using rig = createTransportRig({}, TLS);
    using server = await startTlsServer(server7);
    const target = { transport: "tls", remote: server.remote, name: "server.example" } as const;
    const flow = rig.transport.connect(target);
    flow.send(Buffer.from("one"));
    expect(rig.transport.connect(target)).toBe(flow);
    await until(() => server.received() === "one");
    expect(flow).toMatchObject({ encrypted: true, outgoing: true, open: true });
    expect(flow.local.port).toBeGreaterThan(0);
    server.sockets[0]?.write("hello\n");
    await rig.until(() => rig.texts().includes("hello"));
    expect(rig.transport.connect(target)).toBe(flow);
    // Who has proven one name has not proven another.
    const other = rig.transport.connect({ ...target, name: "other.example" });
    expect(other).not.toBe(flow);
    await until(() => !other.open);
  });

  it.each([
    [
      "of another name",
      { names: "DNS:other.example" },
      "its certificate names other.example, not server.example",
    ],
    [
      "with a wildcard",
      { names: "DNS:*.example" },
      "its certificate names *.example (SIP takes no wildcards)",
    ],
    ["that has expired", { names: "DNS:server.example", days: -1 }, "its certificate has expired"],
    [
      "of an unknown authority",
      undefined,
      "its certificate is of an authority that we do not know",
    ],
  ])(
    "are refused when the certificate is one %s; nothing was sent",
    async (_what, wish, reason) => {
      await using rig = createTransportRig({}, TLS);
      const files =
        wish === undefined
          ? stranger.issue({ names: "DNS:server.example" })
          : authority.issue(wish);
      using server = await startTlsServer(files);
      const { remote } = server;
      const flow = rig.transport.connect({ transport: "tls", remote, name: "server.example" });
      flow.send(Buffer.from("secret"));
      await until(() => rig.closed.includes(flow));
      expect(rig.errors[0]).toMatchObject({ flow, code: "CONNECT_FAILED" });
      expect(rig.errors[0]?.message).toContain(
        `cannot reach tls 127.0.0.1:${remote.port}: ${reason}`,
      );
      expect(server.received()).toBe("");
    },
  );

  it("want the address in the certificate when no name is known", async () => {
    await using rig = createTransportRig({}, TLS);
    using named = await startTlsServer(server7);
    const flow = rig.transport.connect({ transport: "tls", remote: named.remote });
    await until(() => rig.closed.includes(flow));
    using addressed = await startTlsServer(authority.issue({ names: "IP:127.0.0.1" }));
    rig.transport.connect({ transport: "tls", remote: addressed.remote }).send(Buffer.from("x"));
    await until(() => addressed.received() === "x");
    expect(rig.errors).toHaveLength(1);
  });

  it("take any certificate when peers are not verified", async () => {
    await using rig = createTransportRig({}, { ...TLS, verifyPeer: false });
    using server = await startTlsServer(stranger.issue({ names: "DNS:x.example", days: -1 }));
    const { remote } = server;
    rig.transport
      .connect({ transport: "tls", remote, name: "server.example" })
      .send(Buffer.from("x"));
    await until(() => server.received() === "x");
    expect(rig.errors).toEqual([]);
  });

  it("never fall back to clear", async () => {
    await using rig = createTransportRig({}, TLS);
    let received = Buffer.alloc(0);
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        socket.end("SIP/2.0 400 Bad Request\r\n\r\n");
      });
      socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const remote = { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
    const flow = rig.transport.connect({ transport: "tls", remote, name: "server.example" });
    flow.send(Buffer.from("secret"));
    await until(() => rig.closed.includes(flow));
    expect(rig.errors[0]?.message).toMatch(/: it does not speak TLS$/);
    expect(received.length).toBeGreaterThan(0);
    expect(received.includes("secret")).toBe(false);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("are given up when the handshake does not end in the time for connecting", async () => {
    await using rig = createTransportRig({ connectTimeoutMs: 5000 }, TLS);
    const server = createTcpServer((socket) => socket.on("error", () => undefined));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const remote = { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
    const flow = rig.transport.connect({ transport: "tls", remote, name: "server.example" });
    const accepted = once(server, "connection");
    await accepted;
    rig.clock.advance(5200);
    await until(() => rig.closed.includes(flow));
    expect(rig.errors[0]?.message).toContain("no connection within 5000 ms");
    server.close();
  });

  it("are congested while the server does not read", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 64 * 1024 }, TLS);
    using server = await startTlsServer(server7);
    const { remote } = server;
    const flow = rig.transport.connect({ transport: "tls", remote, name: "server.example" });
    await until(() => server.sockets.length === 1);
    server.sockets[0]?.pause();
    await until(() => {
      if (!flow.congested) flow.send(Buffer.alloc(32 * 1024));
      return flow.congested;
    });
    expect(flow.open).toBe(true);
    server.sockets[0]?.resume();
    await until(() => !flow.congested);
  });

  it("fail in words where TLS is not set up", async () => {
    await using rig = createTransportRig();
    const remote = { address: "127.0.0.1", port: 5061 };
    const flow = rig.transport.connect({ transport: "tls", remote });
    await until(() => rig.closed.includes(flow));
    expect(rig.errors[0]?.message).toBe("cannot reach tls 127.0.0.1:5061: not set up here");
  });
});

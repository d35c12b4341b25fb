import { afterAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../test/support/certificates.ts";
import { connectTcpPeer, createTransportRig, until } from "../../test/support/transport-rig.ts";
import { connectWsPeer, handshakeText } from "../../test/support/ws-peer.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

const TLS = {
  certificates: [authority.issue({ names: "DNS:gateway.example" })],
  ca: authority.ca,
  verifyPeer: true,
  clientCert: "off",
} as const;
const ANY = { transport: "wss", address: "127.0.0.1", port: 0 } as const;
const SECURE = { scheme: "wss", rejectUnauthorized: false } as const;

describe("createWssTransport", () => {
  it("carries messages through TLS, text and binary, and says that they were encrypted", async () => {
    await using rig = createTransportRig({}, TLS);
    rig.onFrame = (flow, text) => flow.send(Buffer.from(`${text}!`));
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectWsPeer(port, SECURE);
    peer.ws.send("a".repeat(100_000));
    peer.ws.send(Buffer.from("b"));
    await until(() => peer.received.length === 2);
    expect(peer.received[1]).toBe("b!");
    const flow = rig.frames[0]?.flow;
    expect(flow).toMatchObject({
      transport: "wss",
      encrypted: true,
      outgoing: false,
      reliable: true,
    });
    expect(flow?.id).toMatch(/^wss\//);
    expect(rig.transport.flowById(flow?.id ?? "")).toBe(flow);
  });

  it("refuses the subprotocol and the origin as ws does", async () => {
    await using rig = createTransportRig({}, TLS, { origins: ["https://chat.example.com"] });
    const { port } = await rig.transport.listen(ANY);
    using other = await connectWsPeer(port, { ...SECURE, protocol: "mqtt" });
    using foreign = await connectWsPeer(port, { ...SECURE, origin: "https://evil.example" });
    expect(other.refused).toContain("400");
    expect(foreign.refused).toContain("403");
    await rig.until(() => rig.transport.counters.connectionsOpen === 0);
  });

  it("closes whoever speaks no TLS, or is slow over both handshakes together, and gives the places back", async () => {
    await using rig = createTransportRig({ connectionsPerAddress: 2 }, TLS);
    const { port } = await rig.transport.listen(ANY);
    using plain = await connectTcpPeer(port);
    plain.socket.write(handshakeText());
    await until(() => plain.ended);
    using silent = await connectTcpPeer(port);
    using quiet = await connectWsPeer(port, SECURE);
    using excess = await connectTcpPeer(port);
    await until(() => excess.ended);
    rig.clock.advance(30_200);
    await until(() => silent.ended && quiet.closed !== undefined);
    expect(quiet.closed).toBe(1008);
    using again = await connectWsPeer(port, SECURE);
    expect(again.refused).toBeUndefined();
  });

  it("reports a client that is gone, and says farewell to the others at the end", async () => {
    const rig = createTransportRig({}, TLS);
    const { port } = await rig.transport.listen(ANY);
    using rude = await connectWsPeer(port, SECURE);
    using polite = await connectWsPeer(port, SECURE);
    for (const { ws } of [rude, polite]) ws.send("hello");
    await rig.until(() => rig.frames.length === 2);
    rude.ws.terminate();
    await rig.until(() => rig.closed.length === 1);
    await rig[Symbol.asyncDispose]();
    await until(() => polite.closed !== undefined);
    expect(polite.closed).toBe(1001);
    expect(rig.transport.counters.connectionsOpen).toBe(0);
  });

  it("opens no connection to a client", async () => {
    await using rig = createTransportRig({}, TLS);
    const remote = { address: "127.0.0.1", port: 8443 };
    expect(rig.transport.connect({ transport: "wss", remote }).open).toBe(false);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors[0]?.message).toContain("clients alone");
  });
});

import dgram from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createTransportRig, until } from "../../test/support/transport-rig.ts";

const ANY = { transport: "udp", address: "127.0.0.1", port: 0 } as const;

interface UdpPeer extends Disposable {
  readonly port: number;
  readonly received: { readonly text: string; readonly port: number; readonly address: string }[];
  send(text: string, port: number): void;
}

async function openPeer(): Promise<UdpPeer> {
  const socket = dgram.createSocket("udp4");
  const received: UdpPeer["received"] = [];
  socket.on("message", (bytes, { port, address }) => {
    received.push({ text: bytes.toString(), port, address });
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    port: socket.address().port,
    received,
    send: (text, port) => socket.send(text, port, "127.0.0.1"),
    [Symbol.dispose]: () => void socket.close(),
  };
}

describe("createUdpTransport", () => {
  it("answers from the socket that was spoken to", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow, text) => flow.send(Buffer.from(`${text}!`));
    const { port } = await rig.transport.listen(ANY);
    const other = await rig.transport.listen(ANY);
    using peer = await openPeer();
    peer.send("one", port);
    peer.send("two", other.port);
    await until(() => peer.received.length === 2);
    expect(peer.received).toContainEqual({ text: "one!", port, address: "127.0.0.1" });
    expect(peer.received).toContainEqual({ text: "two!", port: other.port, address: "127.0.0.1" });
    expect(rig.frames[0]?.flow).toMatchObject({ reliable: false, open: true, congested: false });
  });

  it("makes flows from the local socket that is named, and finds them again by id", async () => {
    await using rig = createTransportRig();
    await rig.transport.listen(ANY);
    const local = await rig.transport.listen(ANY);
    using peer = await openPeer();
    const remote = { address: "127.0.0.1", port: peer.port };
    const flow = rig.transport.connect({ transport: "udp", remote, local });
    flow.send(Buffer.from("hello"));
    await until(() => peer.received.length === 1);
    expect(peer.received[0]?.port).toBe(local.port);
    expect(flow.id).toBe(`udp/127.0.0.1:${local.port}/127.0.0.1:${peer.port}`);
    expect(rig.transport.flowById(flow.id)).toBe(flow);
    expect(rig.transport.flowById("udp/127.0.0.1:1/127.0.0.1:2")).toBeUndefined();
    expect(rig.transport.flowById("udp/nonsense")).toBeUndefined();
  });

  it("knows the address that a peer sees of a socket bound to every address", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen({ ...ANY, address: "0.0.0.0" });
    using peer = await openPeer();
    peer.send("hello", port);
    await rig.until(() => rig.frames.length === 1);
    const flow = rig.frames[0]?.flow;
    expect(flow?.local).toEqual({ address: "127.0.0.1", port });
    const local = flow?.local ?? { address: "", port: 0 };
    const remote = { address: "127.0.0.1", port: peer.port };
    expect(rig.transport.connect({ transport: "udp", remote, local })).toBe(flow);
  });

  it("does not grow with the number of peers", async () => {
    await using rig = createTransportRig({ udpFlows: 100 });
    const local = await rig.transport.listen(ANY);
    const first = rig.transport.connect({
      transport: "udp",
      remote: { address: "127.0.1.1", port: 1024 },
      local,
    });
    for (let port = 1025; port < 11_025; port += 1) {
      rig.transport.connect({ transport: "udp", remote: { address: "127.0.1.1", port }, local });
    }
    expect([...rig.transport.flows()].length).toBeLessThanOrEqual(100);
    expect(rig.transport.flowById(first.id)?.id).toBe(first.id);
  });

  it.each([
    { address: "127.0.0.1", port: 0 },
    { address: "127.0.0.1", port: 70_000 },
    { address: "sip.example.com", port: 5060 },
  ])("reports that nothing can be sent to $address:$port", async (remote) => {
    await using rig = createTransportRig();
    const local = await rig.transport.listen(ANY);
    const flow = rig.transport.connect({ transport: "udp", remote, local });
    flow.send(Buffer.from("x"));
    expect(rig.errors).toEqual([]);
    await rig.until(() => rig.errors.length === 1);
    expect(rig.errors).toMatchObject([{ flow, code: "SEND_FAILED" }]);
  });

  it("receives datagrams of any size that there is", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await openPeer();
    peer.send("x".repeat(65_507), port);
    await rig.until(() => rig.frames.length === 1);
    expect(rig.texts()[0]).toHaveLength(65_507);
  });

  it("reports a datagram that is too large, and goes on", async () => {
    await using rig = createTransportRig();
    const local = await rig.transport.listen(ANY);
    using peer = await openPeer();
    const remote = { address: "127.0.0.1", port: peer.port };
    const flow = rig.transport.connect({ transport: "udp", remote, local });
    flow.send(Buffer.alloc(70_000));
    flow.send(Buffer.from("small"));
    await until(() => peer.received.length === 1);
    await rig.until(() => rig.errors.length === 1);
    expect(rig.errors[0]?.code).toBe("SEND_FAILED");
    expect(rig.transport.counters).toMatchObject({ datagramsSent: 2, datagramErrors: 1 });
  });

  it("ignores empty datagrams and survives a handler that throws", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (_flow, text) => {
      if (text === "bug") throw new Error("our bug");
    };
    const { port } = await rig.transport.listen(ANY);
    using peer = await openPeer();
    peer.send("", port);
    peer.send("bug", port);
    peer.send("fine", port);
    await rig.until(() => rig.frames.length === 2);
    expect(rig.texts()).toEqual(["bug", "fine"]);
    expect(rig.errors.map((error) => error.code)).toEqual(["HANDLER_FAILED"]);
    expect(rig.transport.counters.datagramsIgnored).toBe(1);
  });

  it("refuses a port in use with the address in the message", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    await expect(rig.transport.listen({ ...ANY, port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining(`udp 127.0.0.1:${port}`) as unknown,
    });
  });

  it("reports a local address on which it does not listen", async () => {
    await using rig = createTransportRig();
    const remote = { address: "127.0.0.1", port: 5060 };
    const flow = rig.transport.connect({ transport: "udp", remote });
    flow.send(Buffer.from("x"));
    expect(flow.open).toBe(false);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors).toMatchObject([{ flow, code: "CONNECT_FAILED" }]);
  });

  it("sends nothing more after it is disposed of", async () => {
    const rig = createTransportRig();
    const local = await rig.transport.listen(ANY);
    const remote = { address: "127.0.0.1", port: 9 };
    const flow = rig.transport.connect({ transport: "udp", remote, local });
    await rig[Symbol.asyncDispose]();
    flow.send(Buffer.from("x"));
    expect(flow.open).toBe(false);
    expect(rig.errors).toEqual([]);
  });
});

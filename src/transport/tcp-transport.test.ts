import { createServer, type Server, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import {
  connectTcpPeer,
  createTransportRig,
  until,
  type TcpPeer,
} from "../../test/support/transport-rig.ts";
import type { Flow } from "./flow.ts";

const ANY = { transport: "tcp", address: "127.0.0.1", port: 0 } as const;

/** A server that records what arrives; `paused` ones never read. */
async function startServer(options: { paused?: boolean } = {}): Promise<{
  port: number;
  received: () => string;
  sockets: Socket[];
  [Symbol.dispose](): void;
}> {
  let received = "";
  const sockets: Socket[] = [];
  const server: Server = createServer({ pauseOnConnect: options.paused ?? false }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    if (options.paused !== true) socket.on("data", (chunk) => (received += chunk.toString()));
  });
  server.listen(0, "127.0.0.1");
  await until(() => server.listening);
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("not bound");
  return {
    port: bound.port,
    received: () => received,
    sockets,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe("createTcpTransport", () => {
  it("frames a stream that arrives in odd chunks", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    for (const chunk of ["o", "ne\ntw", "o\n", "three\nfo", "ur", "\n"]) {
      peer.socket.write(chunk);
      const before = peer.socket.bytesWritten;
      await until(() => peer.socket.writableLength === 0 && peer.socket.bytesWritten === before);
    }
    await rig.until(() => rig.frames.length === 4);
    expect(rig.texts()).toEqual(["one", "two", "three", "four"]);
  });

  it("answers on the connection that a message came over", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow, text) => flow.send(Buffer.from(`${text}!`));
    const { port } = await rig.transport.listen(ANY);
    using alice = await connectTcpPeer(port);
    using bob = await connectTcpPeer(port);
    alice.socket.write("a\n");
    bob.socket.write("b\n");
    await until(() => alice.received !== "" && bob.received !== "");
    expect([alice.received, bob.received]).toEqual(["a!", "b!"]);
    const flow = rig.frames[0]?.flow;
    expect(flow).toMatchObject({ reliable: true, encrypted: false, outgoing: false, open: true });
    expect(flow?.local).toEqual({ address: "127.0.0.1", port });
    expect(rig.transport.flowById(flow?.id ?? "")).toBe(flow);
  });

  it("delivers no frame after the handler has closed the connection, but sends the answer", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow) => {
      flow.send(Buffer.from("bad request"));
      flow.close();
    };
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    peer.socket.write("one\ntwo\nthree\n");
    await until(() => peer.ended);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.texts()).toEqual(["one"]);
    expect(peer.received).toBe("bad request");
    expect(rig.frames[0]?.flow.open).toBe(false);
  });

  it("destroys a closed connection whose peer does not go", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow) => flow.close();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    peer.socket.pause();
    peer.socket.setNoDelay(true);
    (peer.socket as { allowHalfOpen: boolean }).allowHalfOpen = true;
    peer.socket.write("one\n");
    await rig.until(() => rig.frames.length === 1);
    expect(rig.closed).toHaveLength(0);
    rig.clock.advance(2200);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.transport.counters.connectionsOpen).toBe(0);
  });

  it("closes the 65th connection of one address while the others work", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow, text) => flow.send(Buffer.from(text));
    const { port } = await rig.transport.listen(ANY);
    const peers = await Promise.all(Array.from({ length: 64 }, () => connectTcpPeer(port)));
    await rig.until(() => rig.transport.counters.connectionsOpen === 64);
    using excess = await connectTcpPeer(port);
    await until(() => excess.ended);
    using other = await connectTcpPeer(port, "127.0.0.2");
    for (const peer of [...peers, other]) peer.socket.write("hello\n");
    await until(() => [...peers, other].every((peer) => peer.received === "hello"));
    expect(rig.transport.counters.connectionsRefused).toBe(1);

    for (const peer of peers) peer.socket.destroy();
    await rig.until(() => rig.transport.counters.connectionsOpen === 1);
    using next = await connectTcpPeer(port);
    next.socket.write("again\n");
    await until(() => next.received === "again");
  });

  it("closes connections above the total, over all addresses and listeners", async () => {
    await using rig = createTransportRig({ connections: 2 });
    const first = await rig.transport.listen(ANY);
    const second = await rig.transport.listen(ANY);
    using _a = await connectTcpPeer(first.port, "127.0.0.2");
    using _b = await connectTcpPeer(second.port, "127.0.0.3");
    await rig.until(() => rig.transport.counters.connectionsOpen === 2);
    using excess = await connectTcpPeer(second.port, "127.0.0.4");
    await until(() => excess.ended);
    expect(rig.transport.counters).toMatchObject({ connectionsOpen: 2, connectionsRefused: 1 });
  });

  it("closes a connection that trickles a message beyond the header time-out", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using slow = await connectTcpPeer(port);
    using good = await connectTcpPeer(port);
    slow.socket.write("first\nM");
    good.socket.write("first\n");
    await rig.until(() => rig.frames.length === 2);
    for (let second = 0; second < 29; second += 10) {
      slow.socket.write("x");
      rig.clock.advance(10_000);
      good.socket.write("ping\n");
      const expected = rig.frames.length + 1;
      await rig.until(() => rig.frames.length === expected);
    }
    rig.clock.advance(200);
    await until(() => slow.ended);
    expect(rig.transport.counters.closedByHeaderTimeout).toBe(1);
    expect(rig.errors.map((error) => error.code)).toEqual(["MESSAGE_TIMEOUT"]);
    expect(good.ended).toBe(false);
  });

  it("closes a connection that never completes a first message", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using silent = await connectTcpPeer(port);
    await rig.until(() => rig.transport.counters.connectionsOpen === 1);
    rig.clock.advance(30_200);
    await until(() => silent.ended);
    expect(rig.transport.counters.closedByHeaderTimeout).toBe(1);
  });

  it("gives every message its own time", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    for (let count = 1; count <= 6; count += 1) {
      // Each chunk ends one message and begins the next.
      peer.socket.write("tail\nhead ");
      await rig.until(() => rig.frames.length === count);
      rig.clock.advance(20_000);
    }
    expect(peer.ended).toBe(false);
    rig.clock.advance(10_200);
    await until(() => peer.ended);
  });

  it("closes an idle connection", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using idle = await connectTcpPeer(port);
    using busy = await connectTcpPeer(port);
    idle.socket.write("hello\n");
    busy.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 2);
    rig.clock.advance(400_000);
    busy.socket.write("still here\n");
    await rig.until(() => rig.frames.length === 3);
    rig.clock.advance(300_000);
    await until(() => idle.ended);
    expect(busy.ended).toBe(false);
    expect(rig.transport.counters.closedByIdle).toBe(1);
  });

  it("closes a client that does not read at the send cap, and no other", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using slow = await connectTcpPeer(port);
    using good = await connectTcpPeer(port);
    slow.socket.pause();
    slow.socket.write("hello\n");
    good.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 2);
    const [slowFlow, goodFlow] = orderByPeer(rig.frames, slow.socket.localPort);
    const block = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    await until(() => {
      slowFlow.send(block);
      sent += block.length;
      return !slowFlow.open;
    });
    await rig.until(() => rig.closed.includes(slowFlow));
    goodFlow.send(Buffer.from("fine"));
    await until(() => good.received === "fine");
    expect(rig.transport.counters).toMatchObject({
      closedBySendBuffer: 1,
      bytesDropped: block.length,
      connectionsOpen: 1,
    });
    expect(rig.errors.map((error) => error.code)).toEqual(["SEND_BUFFER_FULL"]);
    // The cap and what the kernel took for both ends, not what we wanted to send.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it("reads no more requests of a client that does not read the answers", async () => {
    await using rig = createTransportRig();
    const answer = Buffer.alloc(100 * 1024, "x");
    rig.onFrame = (flow) => flow.send(answer);
    const { port } = await rig.transport.listen(ANY);
    using greedy = await connectTcpPeer(port);
    greedy.socket.pause();
    for (let count = 0; count < 400; count += 1) greedy.socket.write(`ask${" ".repeat(65_000)}\n`);
    let last = -1;
    let quietTurns = 0;
    await until(() => {
      quietTurns = rig.frames.length === last ? quietTurns + 1 : 0;
      last = rig.frames.length;
      return last > 0 && quietTurns > 2000;
    });
    expect(last).toBeLessThan(400);
    expect(rig.transport.counters.closedBySendBuffer).toBe(0);
    greedy.socket.resume();
    await until(() => greedy.received.length === 400 * answer.length);
    expect(rig.frames).toHaveLength(400);
  });

  it("bounds the memory of unfinished messages over all connections", async () => {
    await using rig = createTransportRig({ receiveBufferBytes: 10_000 });
    rig.onFrame = (flow, text) => flow.send(Buffer.from(text));
    const { port } = await rig.transport.listen(ANY);
    const peers: TcpPeer[] = [];
    for (let count = 0; count < 3; count += 1) {
      const peer = await connectTcpPeer(port);
      peers.push(peer);
      peer.socket.write("x".repeat(4000));
      const expected = Math.min(8000, rig.transport.counters.bytesHeld + 4000);
      await until(() => peer.ended || rig.transport.counters.bytesHeld === expected);
    }
    await until(() => peers[2]?.ended === true);
    using small = await connectTcpPeer(port);
    small.socket.write("complete\n");
    await until(() => small.received === "complete");
    expect(rig.transport.counters).toMatchObject({ closedByReceiveBuffer: 1, bytesHeld: 8000 });
    expect(rig.errors.map((error) => error.code)).toEqual(["RECEIVE_BUFFER_FULL"]);
    for (const peer of peers) peer.socket.destroy();
    await rig.until(() => rig.transport.counters.bytesHeld === 0);
  });

  it("bounds what one peer holds, so that it leaves room for others; servers are not counted", async () => {
    const limits = { receiveBufferBytes: 160_000, messageBytes: 1000 };
    await using rig = createTransportRig(limits, undefined, { server: "127.0.0.9" });
    const { port } = await rig.transport.listen(ANY);
    using busy = await connectTcpPeer(port, "127.0.0.9");
    busy.socket.write("x".repeat(200_000));
    await until(() => rig.transport.counters.bytesHeld === 200_000);
    using greedy = await connectTcpPeer(port, "127.0.0.7");
    greedy.socket.write("x".repeat(8000));
    await until(() => rig.transport.counters.bytesHeld === 208_000);
    using greedier = await connectTcpPeer(port, "127.0.0.7");
    greedier.socket.write("x".repeat(8000));
    await until(() => greedier.ended);
    using other = await connectTcpPeer(port, "127.0.0.8");
    other.socket.write("x".repeat(8000));
    await until(() => rig.transport.counters.bytesHeld === 216_000);
    expect([busy.ended, greedy.ended, other.ended]).toEqual([false, false, false]);
    expect(rig.transport.counters.closedByReceiveBuffer).toBe(1);
    for (const peer of [busy, greedy, other]) peer.socket.destroy();
    await rig.until(() => rig.transport.counters.bytesHeld === 0);
  });

  it("lets servers in when clients have taken all places", async () => {
    const limits = { connections: 2, connectionsPerAddress: 1 };
    await using rig = createTransportRig(limits, undefined, { server: "127.0.0.9" });
    const { port } = await rig.transport.listen(ANY);
    using one = await connectTcpPeer(port, "127.0.0.7");
    using two = await connectTcpPeer(port, "127.0.0.8");
    using refused = await connectTcpPeer(port, "127.0.0.10");
    await until(() => refused.ended);
    using server = await connectTcpPeer(port, "127.0.0.9");
    using again = await connectTcpPeer(port, "127.0.0.9");
    await rig.until(() => rig.transport.counters.connectionsAccepted === 4);
    server.socket.destroy();
    again.socket.destroy();
    await rig.until(() => rig.transport.counters.connectionsOpen === 2);
    using late = await connectTcpPeer(port, "127.0.0.10");
    await until(() => late.ended);
    expect([one.ended, two.ended]).toEqual([false, false]);
  });

  it("refuses a port in use with the address in the message", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    await expect(rig.transport.listen({ ...ANY, port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining(`tcp 127.0.0.1:${port}`) as unknown,
    });
  });

  it("stops listening and keeps its connections", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow, text) => flow.send(Buffer.from(text));
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    await rig.until(() => rig.transport.counters.connectionsOpen === 1);
    await rig.transport.stopListening();
    using late = await connectTcpPeer(port);
    peer.socket.write("hello\n");
    await until(() => peer.received === "hello" && late.ended);
    expect(rig.transport.counters).toMatchObject({ connectionsOpen: 1, connectionsAccepted: 1 });
  });

  it("delivers bytes that were queued before the connection stood, and re-uses it", async () => {
    await using rig = createTransportRig();
    using server = await startServer();
    const remote = { address: "127.0.0.1", port: server.port };
    const flow = rig.transport.connect({ transport: "tcp", remote });
    flow.send(Buffer.from("one "));
    flow.send(Buffer.from("two "));
    const again = rig.transport.connect({ transport: "tcp", remote });
    again.send(Buffer.from("three"));
    await until(() => server.received() === "one two three");
    expect(again).toBe(flow);
    expect(server.sockets).toHaveLength(1);
    expect(flow.outgoing).toBe(true);
  });

  it("opens connections from the local address that it is given", async () => {
    await using rig = createTransportRig();
    using server = await startServer();
    const remote = { address: "127.0.0.1", port: server.port };
    const local = { address: "127.0.0.9", port: 5060 };
    const flow = rig.transport.connect({ transport: "tcp", remote, local });
    flow.send(Buffer.from("hello"));
    await until(() => server.received() === "hello");
    expect(server.sockets[0]?.remoteAddress).toBe("127.0.0.9");
    expect(flow.local).toEqual({ address: "127.0.0.9", port: server.sockets[0]?.remotePort });
    const other = rig.transport.connect({ transport: "tcp", remote });
    expect(other).not.toBe(flow);
  });

  it("reports a refused connection, and tries anew the next time", async () => {
    await using rig = createTransportRig();
    const server = await startServer();
    const remote = { address: "127.0.0.1", port: server.port };
    server[Symbol.dispose]();
    const flow = rig.transport.connect({ transport: "tcp", remote });
    flow.send(Buffer.from("lost"));
    await rig.until(() => rig.closed.length === 1);
    expect(rig.closed).toEqual([flow]);
    expect(flow.open).toBe(false);
    expect(rig.errors).toMatchObject([{ flow, code: "CONNECT_FAILED" }]);
    expect(rig.errors[0]?.message).toContain(`127.0.0.1:${remote.port}`);
    expect(rig.transport.connect({ transport: "tcp", remote })).not.toBe(flow);
    await rig.until(() => rig.closed.length === 2);
  });

  it("gives up a connection that does not come about in time", async () => {
    await using rig = createTransportRig();
    // The clock moves before the event loop does, so the handshake cannot have been seen.
    using server = await startServer();
    const remote = { address: "127.0.0.1", port: server.port };
    const flow = rig.transport.connect({ transport: "tcp", remote });
    rig.clock.advance(5200);
    await rig.until(() => rig.closed.length === 1);
    expect(flow.open).toBe(false);
    expect(rig.errors.map((error) => error.code)).toEqual(["CONNECT_FAILED"]);
  });

  it.each([
    { address: "sip.example.com", port: 5060 },
    { address: "127.0.0.1", port: 0 },
    { address: "127.0.0.1", port: 70_000 },
  ])("reports $address:$port, which no connection leads to", async (remote) => {
    await using rig = createTransportRig();
    const flow = rig.transport.connect({ transport: "tcp", remote });
    flow.send(Buffer.from("x"));
    expect(rig.closed).toHaveLength(0);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors).toMatchObject([{ flow, code: "CONNECT_FAILED" }]);
  });

  it("marks a connection of ours congested instead of closing it, until the peer reads", async () => {
    await using rig = createTransportRig();
    using server = await startServer({ paused: true });
    const remote = { address: "127.0.0.1", port: server.port };
    const flow = rig.transport.connect({ transport: "tcp", remote });
    await until(() => server.sockets.length === 1);
    await fill(flow);
    expect(flow.congested).toBe(true);
    expect(flow.open).toBe(true);
    for (const socket of server.sockets) socket.resume();
    await until(() => !flow.congested);
    rig.clock.advance(60_000);
    expect(flow.open).toBe(true);
    expect(rig.errors).toEqual([]);
  });

  it("says at once what it has no room for, and reports it once a second", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 64 * 1024 });
    using server = await startServer();
    const remote = { address: "127.0.0.1", port: server.port };
    const flow = rig.transport.connect({ transport: "tcp", remote });
    const block = Buffer.alloc(16 * 1024, "x");
    const taken = Array.from({ length: 100 }, () => flow.send(block)).filter(Boolean);
    expect(taken).toHaveLength(4);
    rig.clock.advance(1100);
    expect(flow.send(block)).toBe(false);
    await rig.until(() => rig.errors.length === 2);
    await until(() => server.received().length === 4 * block.length);
    expect(flow.send(block)).toBe(true);
    await until(() => server.received().length === 5 * block.length);
    expect(rig.errors.map((error) => error.code)).toEqual(["SEND_BUFFER_FULL", "SEND_BUFFER_FULL"]);
  });

  it("drops what a congested connection cannot hold, whole, and closes it only after a stall", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 64 * 1024 });
    using server = await startServer({ paused: true });
    const remote = { address: "127.0.0.1", port: server.port };
    const flow = rig.transport.connect({ transport: "tcp", remote });
    await until(() => server.sockets.length === 1);
    await until(() => {
      flow.send(Buffer.alloc(16 * 1024));
      return rig.transport.counters.bytesDropped > 0;
    });
    expect(flow.open).toBe(true);
    rig.clock.advance(21_000);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors.map((error) => error.code)).toEqual(["SEND_BUFFER_FULL", "SEND_STALLED"]);
    expect(rig.transport.counters.closedByStall).toBe(1);
  });

  it("survives a handler that throws, and a peer that resets", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow, text) => {
      if (text === "bug") throw new Error("our bug");
      flow.send(Buffer.from(text));
    };
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    const rude = await connectTcpPeer(port);
    rude.socket.write("half a mess");
    rude.socket.resetAndDestroy();
    peer.socket.write("bug\nfine\n");
    await until(() => peer.received === "fine");
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors.map((error) => error.code)).toContain("HANDLER_FAILED");
  });

  it("sends what it was given before it was disposed of", async () => {
    const rig = createTransportRig({ sendBufferBytes: 16 * 1024 * 1024 });
    using server = await startServer();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    peer.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 1);
    const remote = { address: "127.0.0.1", port: server.port };
    const opened = rig.transport.connect({ transport: "tcp", remote });
    await until(() => server.sockets.length === 1);
    const bytes = Buffer.alloc(4 * 1024 * 1024, "x");
    rig.frames[0]?.flow.send(bytes);
    opened.send(Buffer.from("last words"));
    await rig[Symbol.asyncDispose]();
    await until(() => peer.ended && server.received() !== "");
    expect(peer.received).toHaveLength(bytes.length);
    expect(server.received()).toBe("last words");
  });

  it("does not wait for a peer that never reads when it is disposed of", async () => {
    const rig = createTransportRig({ sendBufferBytes: 64 * 1024 * 1024 });
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    peer.socket.write("hello\n");
    await rig.until(() => rig.frames.length === 1);
    peer.socket.pause();
    rig.frames[0]?.flow.send(Buffer.alloc(32 * 1024 * 1024, "x"));
    const disposed = rig[Symbol.asyncDispose]();
    rig.clock.advance(2200);
    await disposed;
    expect(rig.transport.counters.connectionsOpen).toBe(0);
  });

  it("closes everything when it is disposed of", async () => {
    const rig = createTransportRig();
    using server = await startServer();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    const remote = { address: "127.0.0.1", port: server.port };
    rig.transport.connect({ transport: "tcp", remote });
    await rig.until(() => rig.transport.counters.connectionsOpen === 2);
    await rig[Symbol.asyncDispose]();
    await until(() => peer.ended);
    expect(rig.transport.counters.connectionsOpen).toBe(0);
    expect(rig.closed).toHaveLength(2);
    expect([...rig.transport.flows()]).toEqual([]);
  });
});

/** Sends until the kernel takes no more and the connection says so. */
async function fill(flow: Flow): Promise<void> {
  await until(() => {
    if (!flow.congested) flow.send(Buffer.alloc(128 * 1024));
    return flow.congested;
  });
}

function orderByPeer(
  frames: readonly { readonly flow: Flow }[],
  port: number | undefined,
): [Flow, Flow] {
  const first = frames.find(({ flow }) => flow.remote.port === port)?.flow;
  const second = frames.find(({ flow }) => flow.remote.port !== port)?.flow;
  if (first === undefined || second === undefined) throw new Error("a peer is missing");
  return [first, second];
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectTcpPeer, createTransportRig, until } from "../../test/support/transport-rig.ts";
import {
  clientFrame,
  connectRawWsPeer,
  connectWsPeer,
  handshakeText,
} from "../../test/support/ws-peer.ts";

const ANY = { transport: "ws", address: "127.0.0.1", port: 0 } as const;

/** Chooses the answer to a handshake that was written by hand. */
async function answerTo(port: number, text: string): Promise<string> {
  using peer = await connectTcpPeer(port);
  peer.socket.write(text);
  await until(() => peer.ended || peer.received.startsWith("HTTP/1.1 101"));
  return peer.received;
}

describe("createWsTransport: the handshake", () => {
  it("speaks the subprotocol sip at any path, and agrees to no extension", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectWsPeer(port, {
      path: "/some/path?token=1",
      perMessageDeflate: true,
    });
    expect(peer.ws).toMatchObject({ protocol: "sip", extensions: "" });
    const answer = await answerTo(
      port,
      handshakeText({ "Sec-WebSocket-Protocol": "chat, sip", "Sec-WebSocket-Version": "13" }),
    );
    expect(answer).toContain("Sec-WebSocket-Protocol: sip\r\n");
    expect(answer).not.toContain("Extensions");
  });

  it.each([
    ["no subprotocol", { "Sec-WebSocket-Protocol": undefined }, "400", "must be sip"],
    ["another subprotocol", { "Sec-WebSocket-Protocol": "mqtt, sips" }, "400", "must be sip"],
    ["no upgrade", { Upgrade: undefined, Connection: undefined }, "426", "SIP over WebSocket"],
    ["an upgrade to something else", { Upgrade: "h2c" }, "400", "Upgrade"],
    ["no key", { "Sec-WebSocket-Key": undefined }, "400", "Sec-WebSocket-Key"],
    ["a short key", { "Sec-WebSocket-Key": "AAAA" }, "400", "Sec-WebSocket-Key"],
    ["an old version", { "Sec-WebSocket-Version": "7" }, "400", "Sec-WebSocket-Version"],
    ["a header field without end", { Cookie: "x".repeat(20_000) }, "431", ""],
  ])("refuses %s", async (_, fields, status, words) => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    const answer = await answerTo(port, handshakeText(fields));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(words);
    expect(answer.length).toBeLessThan(400);
    await rig.until(() => rig.transport.counters.connectionsOpen === 0);
  });

  it.each([
    ["POST / HTTP/1.1", "400"],
    ["CONNECT host:1 HTTP/1.1", ""],
    ["REGISTER sip:example.com SIP/2.0", "400"],
    ["\u0016\u0003\u0001", "400"],
  ])("ends %j with an HTTP error or nothing", async (requestLine, status) => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    const answer = await answerTo(port, handshakeText({}, requestLine));
    expect(answer.slice(9, 12)).toBe(status);
    await rig.until(() => rig.transport.counters.connectionsOpen === 0);
  });

  it("answers requests that were sent ahead once", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    const plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const answer = await answerTo(port, plain.repeat(50));
    expect(answer.match(/HTTP\/1\.1 426/g)).toHaveLength(1);
  });

  it("keeps pages of other origins out where origins are named, and programs in", async () => {
    await using rig = createTransportRig({}, undefined, {
      origins: ["https://chat.example.com"],
    });
    const { port } = await rig.transport.listen(ANY);
    using own = await connectWsPeer(port, { origin: "https://Chat.example.com" });
    using program = await connectWsPeer(port);
    using foreign = await connectWsPeer(port, { origin: "https://evil.example" });
    using sandboxed = await connectWsPeer(port, { origin: "null" });
    expect([own.refused, program.refused]).toEqual([undefined, undefined]);
    expect(foreign.refused).toContain("403");
    expect(sandboxed.refused).toContain("403");
    expect(rig.transport.counters.handshakesRefused).toBe(2);
  });

  it("takes what was sent together with the handshake", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectTcpPeer(port);
    peer.socket.write(Buffer.concat([Buffer.from(handshakeText()), clientFrame(1, "at once")]));
    await rig.until(() => rig.frames.length === 1);
    expect(rig.texts()).toEqual(["at once"]);
  });

  it("closes whoever does not shake hands, or says nothing after it, within the header time-out", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using silent = await connectTcpPeer(port);
    using slow = await connectTcpPeer(port);
    slow.socket.write("GET / HTTP/1.1\r\nHo");
    await rig.until(() => rig.transport.counters.connectionsOpen === 2);
    rig.clock.advance(20_000);
    slow.socket.write("st: x\r\n");
    using late = await connectWsPeer(port);
    using speaking = await connectWsPeer(port);
    speaking.ws.send("here I am");
    await rig.until(() => rig.frames.length === 1);
    rig.clock.advance(10_200);
    await until(() => silent.ended && slow.ended);
    expect(late.closed).toBeUndefined();
    rig.clock.advance(20_000);
    await until(() => late.closed !== undefined);
    expect(late.closed).toBe(1008);
    expect(speaking.closed).toBeUndefined();
    expect(rig.transport.counters.closedByHeaderTimeout).toBe(3);
  });

  it("counts a connection from its accept to its end, whatever became of it", async () => {
    await using rig = createTransportRig({ connectionsPerAddress: 2 });
    const { port } = await rig.transport.listen(ANY);
    using silent = await connectTcpPeer(port);
    const first = await connectWsPeer(port);
    using excess = await connectWsPeer(port);
    expect(excess.refused).toBeDefined();
    expect(rig.transport.counters).toMatchObject({ connectionsOpen: 2, connectionsRefused: 1 });
    first.ws.close();
    silent.socket.destroy();
    await rig.until(() => rig.transport.counters.connectionsOpen === 0);
    using third = await connectWsPeer(port);
    expect(third.refused).toBeUndefined();
  });
});

describe("createWsTransport: messages", () => {
  it("gives each message as one frame, text and binary, and answers on the same connection", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow, text) => flow.send(Buffer.from(`${text}!`, "latin1"));
    const { port } = await rig.transport.listen(ANY);
    using alice = await connectWsPeer(port);
    using bob = await connectWsPeer(port);
    alice.ws.send("a");
    bob.ws.send(Buffer.from("b"));
    bob.ws.send(Buffer.from("\u00ff", "latin1"));
    await until(() => alice.received.length === 1 && bob.received.length === 2);
    expect(alice.received).toEqual(["a!"]);
    // What is no UTF-8 cannot be a text (RFC 6455 §5.6).
    expect(bob.received).toEqual(["b!", Buffer.from("\u00ff!", "latin1")]);
    const flow = rig.frames[0]?.flow;
    expect(flow).toMatchObject({ transport: "ws", reliable: true, outgoing: false, open: true });
    expect(flow).toMatchObject({ encrypted: false, local: { address: "127.0.0.1", port } });
    expect(rig.transport.flowById(flow?.id ?? "")).toBe(flow);
    expect([...rig.transport.flows()]).toHaveLength(2);
  });

  it("bears fragments, frames of one byte, and pings between them", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectRawWsPeer(port);
    const text = "a message in frames of one byte".repeat(30);
    const frames = text
      .split("")
      .map((letter, i) => clientFrame(i === 0 ? 1 : 0, letter, i === text.length - 1));
    frames.splice(10, 0, clientFrame(9, "are you there"));
    peer.socket.write(Buffer.concat(frames));
    peer.socket.write(Buffer.concat([clientFrame(2, "wh", false), clientFrame(0, "ole")]));
    await rig.until(() => rig.frames.length === 2);
    expect(rig.texts()).toEqual([text, "whole"]);
    await until(() => peer.received.includes("are you there"));
  });

  it("bears a message that comes byte by byte, in time", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectRawWsPeer(port);
    for (const byte of clientFrame(1, "slow but whole")) {
      const before = rig.transport.counters.bytesHeld;
      peer.socket.write(Buffer.of(byte));
      await until(() => rig.transport.counters.bytesHeld !== before || rig.frames.length === 1);
    }
    expect(rig.texts()).toEqual(["slow but whole"]);
    expect(rig.transport.counters.bytesHeld).toBe(0);
  });

  it("closes whoever does not finish a message within the header time-out", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using fragments = await connectRawWsPeer(port);
    using frame = await connectRawWsPeer(port);
    using good = await connectWsPeer(port);
    for (const peer of [fragments, frame]) peer.socket.write(clientFrame(1, "first"));
    good.ws.send("first");
    await rig.until(() => rig.frames.length === 3);
    fragments.socket.write(clientFrame(1, "never", false));
    frame.socket.write(clientFrame(1, "never").subarray(0, -1));
    await rig.until(() => rig.transport.counters.bytesHeld > 500);
    rig.clock.advance(20_000);
    // A ping is answered and finishes nothing.
    fragments.socket.write(clientFrame(9, "patience"));
    await until(() => fragments.received.includes("patience"));
    rig.clock.advance(10_200);
    // Nobody ends the closing handshake: cut off.
    rig.clock.advance(2200);
    await until(() => fragments.ended && frame.ended);
    expect(good.closed).toBeUndefined();
    expect(rig.errors.map((error) => error.code)).toEqual(["MESSAGE_TIMEOUT", "MESSAGE_TIMEOUT"]);
    await rig.until(() => rig.closed.length === 2);
    expect(rig.transport.counters.bytesHeld).toBe(0);
  });

  it.each([
    ["a message above the limit", [clientFrame(1, Buffer.alloc(1001, 120))], 1009],
    [
      "fragments that come to more than the limit",
      [clientFrame(1, Buffer.alloc(600, 120), false), clientFrame(0, Buffer.alloc(600, 120))],
      1009,
    ],
    ["text that is no UTF-8", [clientFrame(1, Buffer.of(0xc3, 0x28))], 1007],
    [
      "a compressed frame",
      [Buffer.concat([Buffer.of(0xc1), clientFrame(1, "x").subarray(1)])],
      1002,
    ],
    ["a frame without mask", [Buffer.of(0x81, 1, 120)], 1002],
    ["a continuation of nothing", [clientFrame(0, "x")], 1002],
    ["an unknown opcode", [clientFrame(3, "x")], 1002],
  ])("closes over %s", async (_, frames, code) => {
    await using rig = createTransportRig({ messageBytes: 1000 });
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectRawWsPeer(port);
    using good = await connectWsPeer(port);
    const handshake = peer.received.length;
    peer.socket.write(Buffer.concat(frames));
    await until(() => peer.received.length > handshake);
    const close = Buffer.from(peer.received.slice(handshake), "latin1");
    expect([close[0], close.readUInt16BE(2)]).toEqual([0x88, code]);
    good.ws.send("x".repeat(1000));
    await rig.until(() => rig.frames.length === 1);
    rig.clock.advance(2200);
    await until(() => peer.ended);
    expect(rig.errors.map((error) => error.code)).toEqual(["WEBSOCKET_VIOLATION"]);
    await rig.until(() => rig.transport.counters.connectionsOpen === 1);
  });

  it("closes the connection that uses up the room for unfinished messages", async () => {
    await using rig = createTransportRig({ receiveBufferBytes: 100_000 });
    const { port } = await rig.transport.listen(ANY);
    using greedy = await connectRawWsPeer(port);
    using good = await connectWsPeer(port);
    for (let i = 0; i < 500 && !greedy.ended; i++) {
      greedy.socket.write(clientFrame(i === 0 ? 1 : 0, "x", false));
    }
    await until(() => greedy.ended);
    good.ws.send("still here");
    await rig.until(() => rig.frames.length === 1);
    expect(rig.errors.map((error) => error.code)).toEqual(["RECEIVE_BUFFER_FULL"]);
    expect(rig.transport.counters.bytesHeld).toBe(0);
  });

  it("delivers nothing after the handler has closed the connection, but sends the answer", async () => {
    await using rig = createTransportRig();
    rig.onFrame = (flow) => {
      flow.send(Buffer.from("bad request"));
      flow.close();
    };
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectRawWsPeer(port);
    peer.socket.write(Buffer.concat([clientFrame(1, "one"), clientFrame(1, "two")]));
    await until(() => peer.received.includes("bad request"));
    rig.clock.advance(2200);
    await until(() => peer.ended);
    expect(rig.texts()).toEqual(["one"]);
    expect(rig.frames[0]?.flow.open).toBe(false);
    await rig.until(() => rig.closed.length === 1);
  });

  it("survives whatever comes before and after the handshake", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    const junk = fc.sample(fc.uint8Array({ minLength: 2, maxLength: 300 }), {
      numRuns: 60,
      seed: 7118,
    });
    for (const [index, bytes] of junk.entries()) {
      using peer = await (index % 2 === 0 ? connectRawWsPeer(port) : connectTcpPeer(port));
      peer.socket.end(bytes);
      await until(() => peer.ended);
    }
    using good = await connectWsPeer(port);
    good.ws.send("still here");
    await rig.until(() => rig.texts().includes("still here"));
    await rig.until(() => rig.transport.counters.connectionsOpen === 1);
    expect(rig.transport.counters.bytesHeld).toBe(0);
  });

  it("survives a handler that throws", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    rig.onFrame = (_, text) => {
      if (text === "bad") throw new Error("our bug");
    };
    using peer = await connectWsPeer(port);
    peer.ws.send("bad");
    peer.ws.send("good");
    await rig.until(() => rig.frames.length === 2);
    expect(rig.errors.map((error) => error.code)).toEqual(["HANDLER_FAILED"]);
  });
});

describe("createWsTransport: keeping connections", () => {
  it("pings a silent client, keeps one that answers and gives up one that does not", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using alive = await connectWsPeer(port);
    using dead = await connectWsPeer(port, { autoPong: false });
    for (const peer of [alive, dead]) peer.ws.send("hello");
    await rig.until(() => rig.frames.length === 2);
    rig.clock.advance(30_200);
    await until(() => alive.pings === 1 && dead.pings === 1);
    // The pong has arrived when what was sent after it has.
    alive.ws.send("after the pong");
    await rig.until(() => rig.frames.length === 3);
    rig.clock.advance(30_200);
    await until(() => dead.closed !== undefined);
    expect(alive.closed).toBeUndefined();
    expect(rig.transport.counters.closedBySilence).toBe(1);
    expect(rig.errors.map((error) => error.code)).toEqual(["PEER_SILENT"]);
    await rig.until(() => rig.closed.length === 1);
  });

  it("answers pings, and closes whoever sends them without end", async () => {
    await using rig = createTransportRig({ pingsPerMinute: 20 });
    const { port } = await rig.transport.listen(ANY);
    using polite = await connectWsPeer(port);
    using flooder = await connectWsPeer(port);
    for (let minute = 1; minute <= 3; minute++) {
      for (let i = 0; i < 20; i++) polite.ws.ping();
      await until(() => polite.pongs === 20 * minute);
      polite.ws.send("alive");
      await rig.until(() => rig.frames.length === minute);
      if (minute === 1) {
        for (let i = 0; i < 1000; i++) flooder.ws.ping();
        await until(() => flooder.closed !== undefined);
      }
      rig.clock.advance(25_000);
      polite.ws.send("and alive");
      await rig.until(() => rig.frames.length === minute + 1);
      rig.frames.pop();
      rig.clock.advance(35_000);
    }
    expect(polite.closed).toBeUndefined();
    expect(flooder.closed).toBe(1008);
    expect(flooder.pongs).toBeLessThanOrEqual(20);
    expect(rig.transport.counters.closedByPingFlood).toBe(1);
  });

  it("closes a client that does not read, before its buffer costs the others anything", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 200_000 });
    const { port } = await rig.transport.listen(ANY);
    using deaf = await connectWsPeer(port);
    using good = await connectWsPeer(port);
    deaf.ws.pause();
    rig.onFrame = (flow) => {
      for (let i = 0; i < 200 && flow.open; i++) flow.send(Buffer.alloc(50_000, 120));
    };
    deaf.ws.send("all of it");
    await rig.until(() => rig.closed.length === 1);
    expect(rig.transport.counters.closedBySendBuffer).toBe(1);
    rig.onFrame = (flow) => flow.send(Buffer.from("yes"));
    good.ws.send("are you there?");
    await until(() => good.received.length === 1);
    expect(rig.errors.map((error) => error.code)).toEqual(["SEND_BUFFER_FULL"]);
  });

  it("does not read a client that asks without reading the answers", async () => {
    await using rig = createTransportRig({ sendBufferBytes: 8_000_000 });
    const { port } = await rig.transport.listen(ANY);
    using deaf = await connectWsPeer(port);
    deaf.ws.pause();
    rig.onFrame = (flow) => flow.send(Buffer.alloc(500_000, 120));
    // Longer than what one read brings, so that each is a read of its own.
    for (let i = 0; i < 100; i++) deaf.ws.send(Buffer.alloc(70_000, 120));
    let answered = 0;
    while (answered < rig.frames.length || answered === 0) {
      answered = rig.frames.length;
      for (let i = 0; i < 100; i++) await new Promise(setImmediate);
    }
    expect(answered).toBeLessThan(100);
    deaf.ws.resume();
    await until(() => deaf.received.length === 100);
    expect(rig.closed).toEqual([]);
  });

  it("reports a client that is gone, with and without a farewell", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using polite = await connectWsPeer(port);
    using rude = await connectWsPeer(port);
    for (const peer of [polite, rude]) peer.ws.send("hello");
    await rig.until(() => rig.frames.length === 2);
    polite.ws.close(1000);
    rude.ws.terminate();
    await rig.until(() => rig.closed.length === 2);
    for (const { flow } of rig.frames) {
      expect(flow.open).toBe(false);
      expect(rig.transport.flowById(flow.id)).toBeUndefined();
      flow.send(Buffer.from("nobody there"));
    }
    await until(() => polite.closed !== undefined);
    expect(polite.closed).toBe(1000);
  });

  it("opens no connection to a client, and says so", async () => {
    await using rig = createTransportRig();
    const remote = { address: "127.0.0.1", port: 8080 };
    const flow = rig.transport.connect({ transport: "ws", remote });
    expect(flow.open).toBe(false);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors).toMatchObject([
      { code: "CONNECT_FAILED", message: expect.stringContaining("clients alone") as unknown },
    ]);
  });

  it("names the address that it cannot listen on", async () => {
    await using rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    await expect(rig.transport.listen({ ...ANY, port })).rejects.toThrow(
      new RegExp(`cannot listen on ws 127\\.0\\.0\\.1:${port}`),
    );
  });

  it("says farewell to all when it ends", async () => {
    const rig = createTransportRig();
    const { port } = await rig.transport.listen(ANY);
    using peer = await connectWsPeer(port);
    using handshaking = await connectTcpPeer(port);
    await rig.until(() => rig.transport.counters.connectionsOpen === 2);
    await rig[Symbol.asyncDispose]();
    await until(() => peer.closed !== undefined && handshaking.ended);
    expect(peer.closed).toBe(1001);
  });
});

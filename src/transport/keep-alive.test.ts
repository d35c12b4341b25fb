import { createServer, type Server, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createTransportRig, until, type TransportRig } from "../../test/support/transport-rig.ts";
import type { Flow } from "./flow.ts";

const CRLF = { ping: Buffer.from("\r\n\r\n"), pong: Buffer.from("\r\n") };

/** A server that counts pings, and answers them as long as it is told to. */
async function startServer() {
  const state = { answers: true, pings: 0, sockets: [] as Socket[] };
  const server: Server = createServer((socket) => {
    state.sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const pings = chunk.toString().split("\r\n\r\n").length - 1;
      state.pings += pings;
      if (state.answers && pings > 0) socket.write("\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await until(() => server.listening);
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("not bound");
  return {
    state,
    remote: { address: "127.0.0.1", port: bound.port },
    [Symbol.dispose]() {
      for (const socket of state.sockets) socket.destroy();
      server.close();
    },
  };
}

async function connected(rig: TransportRig, server: Awaited<ReturnType<typeof startServer>>) {
  const flow: Flow = rig.transport.connect({ transport: "tcp", remote: server.remote });
  flow.send(Buffer.from("hello\n"));
  await until(() => server.state.sockets.length === 1 && flow.local.port !== 0);
  return flow;
}

describe("KeepAlive", () => {
  it("finds a half-open connection within 40 s when the peer has answered before", async () => {
    await using rig = createTransportRig({}, undefined, { keepAlive: CRLF });
    using server = await startServer();
    const flow = await connected(rig, server);
    rig.clock.advance(26_000);
    await rig.until(() => rig.texts().length > 0);
    expect(server.state.pings).toBe(1);
    server.state.answers = false;
    rig.clock.advance(30_000);
    await until(() => server.state.pings === 2);
    expect(flow.open).toBe(true);
    rig.clock.advance(10_000);
    await rig.until(() => rig.closed.length === 1);
    expect(rig.errors.map(({ code }) => code)).toEqual(["KEEPALIVE_UNANSWERED"]);
  });

  it("bears a peer that knows no keepalive", async () => {
    await using rig = createTransportRig({}, undefined, { keepAlive: CRLF });
    using server = await startServer();
    server.state.answers = false;
    const flow = await connected(rig, server);
    for (let i = 1; i <= 4; i += 1) {
      rig.clock.advance(25_100);
      await until(() => server.state.pings === i);
    }
    expect(flow.open).toBe(true);
  });

  it("sends nothing while the peer speaks by itself, nor on connections of clients", async () => {
    await using rig = createTransportRig({}, undefined, { keepAlive: CRLF });
    using server = await startServer();
    await connected(rig, server);
    for (let i = 1; i <= 5; i += 1) {
      server.state.sockets[0]?.write("busy\n");
      await rig.until(() => rig.texts().length === i);
      rig.clock.advance(20_000);
    }
    expect(server.state.pings).toBe(0);
  });
});

/** HARDENING F9: clients that hold every place that there is, and a server that connects all the same. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";

const SERVER = "127.0.0.9";

it("lets the server in when strangers hold all connections", async () => {
  await using gateway = await GatewayProcess.start({
    upstream: [`sip:${SERVER}:5999;transport=tcp`],
    upstream_probe: "off",
    limits: { connections: 2 },
    rules: [],
  });
  const open: Socket[] = [];
  const from = async (localAddress: string, port: number): Promise<Socket> => {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.on("error", () => undefined);
    socket.resume();
    open.push(socket);
    await once(socket, "connect");
    return socket;
  };
  const clientSide = gateway.at("tcp").port;
  const serverSide = gateway.ready.upstreamFrom.tcp?.port ?? 0;
  await from("127.0.0.7", clientSide);
  await from("127.0.0.8", clientSide);
  // The server's address alone does not do: on the clients' side it is one of them.
  const misplaced = await from(SERVER, clientSide);
  await once(misplaced, "close");
  const server = await from(SERVER, serverSide);
  server.write("\r\n\r\n");
  const [answer] = await once(server, "data");
  expect(String(answer)).toBe("\r\n");
  for (const socket of open) socket.destroy();
});

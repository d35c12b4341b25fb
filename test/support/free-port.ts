import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A port that was free a moment ago for both TCP and UDP on the address; for peers that cannot bind port 0. */
export async function freePort(address: string): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, address);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = createSocket("udp4");
    const free = await bindsTo(socket, port, address);
    socket.close();
    const closed = once(server, "close");
    server.close();
    await closed;
    if (free) return port;
  }
}

async function bindsTo(
  socket: ReturnType<typeof createSocket>,
  port: number,
  address: string,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("error", () => resolve(false));
  socket.bind(port, address, () => resolve(true));
  return promise;
}

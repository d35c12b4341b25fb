import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { FileConnection } from "./msnftp-connection.ts";
import type { Address } from "./sip-socket.ts";

/** Where a file peer gets its connection from. */
export interface FileEndpoint {
  /** Where it listens; undefined: it dials. */
  readonly local: Address | undefined;
  /** The connection of the transfer; undefined: nobody can be reached there. */
  readonly connection: Promise<FileConnection | undefined>;
  /** Connections beyond the first; they were closed at once. */
  readonly turnedAway: readonly string[];
  close(): void;
}

/** Waits for one connection, as the clients do: one listener, one transfer. */
export async function listenForFile(local: Address): Promise<FileEndpoint> {
  const { promise, resolve } = Promise.withResolvers<FileConnection | undefined>();
  const turnedAway: string[] = [];
  let taken = false;
  const server: Server = createServer((socket: Socket) => {
    if (taken) {
      turnedAway.push(`${socket.remoteAddress}:${socket.remotePort}`);
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    taken = true;
    resolve(new FileConnection(socket));
  });
  server.listen(local.port, local.address);
  await once(server, "listening");
  return {
    local: { address: local.address, port: (server.address() as AddressInfo).port },
    connection: promise,
    turnedAway,
    close(): void {
      server.close();
      resolve(undefined);
    },
  };
}

export function dialForFile(peer: Address, localAddress: string): FileEndpoint {
  const socket = connect({ host: peer.address, port: peer.port, localAddress });
  const { promise, resolve } = Promise.withResolvers<FileConnection | undefined>();
  socket.once("connect", () => resolve(new FileConnection(socket)));
  socket.once("error", () => resolve(undefined));
  return {
    local: undefined,
    connection: promise,
    turnedAway: [],
    close(): void {
      resolve(undefined);
      socket.destroy();
    },
  };
}

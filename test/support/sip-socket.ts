import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import {
  connect as connectTls,
  createServer as createTlsServer,
  type ConnectionOptions,
  type TlsOptions,
} from "node:tls";
import { cutStream, SipText } from "./sip-text.ts";

export type TestTransport = "udp" | "tcp" | "tls" | "ws" | "wss";

export interface Address {
  readonly address: string;
  readonly port: number;
}

/** Answers on the way the message came. */
export type Reply = (bytes: Buffer) => void;

export type MessageHandler = (message: SipText, reply: Reply, from: Address) => void;

/** A socket that speaks SIP to one peer (a client) or to whoever comes (a server). */
export interface SipSocket {
  readonly transport: TestTransport;
  readonly local: Address;
  /** To the peer that the socket was opened for; a server names another. */
  send(bytes: Buffer, to?: Address): void;
  /** True until either side has closed it. */
  readonly open: boolean;
  close(): Promise<void>;
}

/** A datagram socket; what is no SIP (a keepalive) goes to `onOther` when given. */
export async function openDatagramSocket(
  local: Address,
  peer: Address | undefined,
  onMessage: MessageHandler,
): Promise<SipSocket> {
  const socket: DatagramSocket = createSocket({ type: "udp4", recvBufferSize: 1 << 21 });
  let open = true;
  socket.on("message", (bytes, from) => {
    if (bytes.indexOf("\r\n\r\n") <= 0) return;
    onMessage(new SipText(bytes), (answer) => socket.send(answer, from.port, from.address), from);
  });
  socket.on("error", () => {
    open = false;
  });
  socket.bind(local.port, local.address);
  await once(socket, "listening");
  return {
    transport: "udp",
    local: { address: local.address, port: socket.address().port },
    send(bytes, to = peer): void {
      if (to === undefined) throw new Error("no peer to send to");
      if (open) socket.send(bytes, to.port, to.address);
    },
    get open(): boolean {
      return open;
    },
    async close(): Promise<void> {
      if (!open) return;
      open = false;
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

/** A connection to a peer; with `tls` by TLS, where the peer is believed as those options say. */
export async function openStreamSocket(
  localAddress: string,
  peer: Address,
  onMessage: MessageHandler,
  tls?: ConnectionOptions,
): Promise<SipSocket> {
  const to = { host: peer.address, port: peer.port, localAddress, noDelay: true };
  const socket = tls === undefined ? connect(to) : connectTls({ ...to, ...tls });
  await once(socket, tls === undefined ? "connect" : "secureConnect");
  readMessages(socket, onMessage);
  const local = { address: localAddress, port: (socket.address() as AddressInfo).port };
  return {
    transport: tls === undefined ? "tcp" : "tls",
    local,
    send: (bytes): void => void socket.write(bytes),
    get open(): boolean {
      return !socket.destroyed && !socket.readableEnded;
    },
    close: async (): Promise<void> => destroy(socket),
  };
}

/** A listener, with `tls` by TLS; `send` opens a TCP connection to the address it is given, once, and keeps it. */
export async function openStreamServer(
  local: Address,
  onMessage: MessageHandler,
  tls?: TlsOptions,
): Promise<SipSocket> {
  const sockets = new Set<Socket>();
  const byPeer = new Map<string, Socket>();
  const adopt = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    readMessages(socket, onMessage);
  };
  const server =
    tls === undefined ? createServer({ noDelay: true }, adopt) : createTlsServer(tls, adopt);
  server.listen(local.port, local.address);
  await once(server, "listening");
  const port = (server.address() as AddressInfo).port;
  return {
    transport: tls === undefined ? "tcp" : "tls",
    local: { address: local.address, port },
    send(bytes, to): void {
      if (to === undefined) throw new Error("a server must be told whom to send to");
      const key = `${to.address}:${to.port}`;
      let socket = byPeer.get(key);
      if (socket === undefined || socket.destroyed) {
        socket = connect({ host: to.address, port: to.port, localAddress: local.address });
        byPeer.set(key, socket);
        adopt(socket);
      }
      socket.write(bytes);
    },
    get open(): boolean {
      return server.listening;
    },
    async close(): Promise<void> {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function readMessages(socket: Socket, onMessage: MessageHandler): void {
  let buffered: Buffer = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const cut = cutStream(Buffer.concat([buffered, chunk]));
    buffered = cut.rest;
    const from = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    for (const message of cut.messages) {
      onMessage(message, (bytes) => void socket.write(bytes), from);
    }
  });
}

async function destroy(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
}

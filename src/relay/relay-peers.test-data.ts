import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createChunkWriter } from "../wire/msnftp/chunk-writer.ts";
import { serializeControlLine } from "../wire/msnftp/control-line.ts";
import { vectorKeys } from "../wire/msnftp/vectors.test-data.ts";

/** One end of a connection, and all that came over it. */
export class Peer {
  length: number = 0;
  #pieces: Buffer[] = [];
  readonly closed: Promise<void>;
  isClosed = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.length += bytes.length;
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  static async dial(port: number, localAddress = "127.0.0.1"): Promise<Peer> {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    const peer = new Peer(socket);
    await once(socket, "connect");
    return peer;
  }

  get bytes(): Buffer {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  say(what: string | Buffer): void {
    this.socket.write(what);
  }

  /** Waits until `text` has come. */
  async hears(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      if (this.isClosed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await Promise.race([once(this.socket, "data"), this.closed]);
    }
  }

  /** Waits until so many bytes have come. */
  async gets(length: number): Promise<void> {
    while (this.length < length) {
      if (this.isClosed) throw new Error(`closed after ${this.length} bytes`);
      await Promise.race([once(this.socket, "data"), this.closed]);
    }
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** A peer that listens, for one connection. */
export class ListeningPeer {
  readonly port: number;
  readonly next: Promise<Peer>;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.port = port;
    this.next = new Promise((resolve) => {
      server.once("connection", (socket) => resolve(new Peer(socket)));
    });
  }

  static async listen(): Promise<ListeningPeer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ListeningPeer(server);
  }

  close(): void {
    this.#server.close();
  }
}

export const CONTENT: Buffer = Buffer.from("Hello, LCS file transfer!\r\n");
export const VER = "VER MSN_SECURE_FTP\r\n";
export const PLAIN_VER = "VER MSNFTP\r\n";

export function chunks(content: Buffer): Buffer {
  return createChunkWriter(vectorKeys()).frame(content);
}

export function macLine(content: Buffer): Buffer {
  const mac = vectorKeys().mac().update(content).digest("base64");
  return serializeControlLine({ kind: "MAC", mac });
}

/** Lets what has been written arrive: some turns of the event loop. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

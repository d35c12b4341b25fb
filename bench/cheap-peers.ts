/** A file and the two peers of a transfer, as cheap as peers can be, for what measures the way between them. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createChunkWriter, CHUNK_BYTES } from "../src/wire/msnftp/chunk-writer.ts";
import { deriveKeys, type SecureKeys } from "../src/wire/msnftp/secure-keys.ts";
import type { FileStory } from "../test/support/file-story.ts";
import { acceptance } from "../test/support/invitation-text.ts";
import { freshKeys, macOf, type FileKeys } from "../test/support/msnftp-cipher.ts";

export const MEGABYTE: number = 1024 * 1024;

/** Milliseconds from the sender's first byte of content to the receiver's last, and to its first. */
export interface Timed {
  readonly ms: number;
  readonly firstByteMs: number;
}

interface Arrival {
  readonly firstByte: number;
  readonly lastByte: number;
}

/** What the sender writes was encrypted before, and what the receiver reads is only hashed. */
export class CheapPeers {
  readonly content: Buffer;
  readonly fileKeys: FileKeys = freshKeys();
  readonly keys: SecureKeys;
  readonly #encrypted: Buffer;
  readonly #sha256: string;
  readonly #mac: Buffer;

  constructor(size: number) {
    this.content = randomBytes(size);
    const derived = deriveKeys(this.fileKeys.encryptionKey, this.fileKeys.hashKey);
    if (!derived.ok) throw new Error("keys");
    this.keys = derived.value;
    const whole = Math.floor(size / CHUNK_BYTES) * CHUNK_BYTES;
    const writer = createChunkWriter(this.keys);
    this.#encrypted = Buffer.concat([
      writer.frame(this.content.subarray(0, whole)),
      writer.frame(this.content.subarray(whole)),
    ]);
    this.#sha256 = createHash("sha256").update(this.#encrypted).digest("hex");
    this.#mac = Buffer.from(`MAC ${macOf(this.fileKeys, this.content)}\0\r\n`, "latin1");
  }

  /** One transfer through a gateway, direct way: the sender listens, the receiver dials the relay. */
  async transfer(story: FileStory): Promise<Timed> {
    const { alice, bob } = story;
    const offer = await alice.offers({ name: "film.dat", bytes: this.content });
    if (offer.answer.status !== 200) throw new Error(`the offer: ${offer.answer.startLine}`);
    const invitation = await bob.sees("INVITE", offer.cookie);
    await bob.accepts(invitation, this.fileKeys);
    await alice.sees("ACCEPT", offer.cookie);
    const { server, port } = await listen();
    const started = this.#serve(server);
    const at = { address: "127.0.0.1", port, authCookie: "123456789", internal: false };
    await alice.sendsInvitation(acceptance(offer.cookie, { at }));
    const { address } = await bob.sees("ACCEPT", offer.cookie);
    if (address === undefined) throw new Error("no address");
    const socket = connect(address.port, address.address);
    // The gateway may close before it has read our last line.
    socket.on("error", () => undefined);
    socket.write("VER MSN_SECURE_FTP\r\n");
    await line(socket, "VER");
    socket.write(`USR ${bob.user} ${address.authCookie}\r\n`);
    await line(socket, "FIL");
    socket.write("TFR\r\n");
    const arrival = await this.#receive(socket);
    socket.end("BYE 16777989\r\n");
    socket.resume();
    const start = await started;
    server.close();
    return timed(start, arrival);
  }

  /** One file through something that dials a sender (`dial` is told its port) and is dialled by the receiver, without a word. */
  async bareTransfer(receiverPort: number, dial: (senderPort: number) => void): Promise<Timed> {
    const { server, port } = await listen();
    const receiver = connect(receiverPort, "127.0.0.1");
    await once(receiver, "connect");
    dial(port);
    const [sender] = (await once(server, "connection")) as [Socket];
    const start = performance.now();
    sender.end(this.#encrypted);
    const arrival = await this.#receive(receiver);
    receiver.destroy();
    server.close();
    return timed(start, arrival);
  }

  async #serve(server: Server): Promise<number> {
    const [socket] = (await once(server, "connection")) as [Socket];
    socket.on("error", () => undefined);
    await line(socket, "VER");
    socket.write("VER MSN_SECURE_FTP\r\n");
    await line(socket, "USR");
    socket.write(`FIL ${this.content.length}\r\n`);
    await line(socket, "TFR");
    const start = performance.now();
    socket.write(this.#encrypted);
    line(socket, "BYE").then(
      () => socket.end(this.#mac),
      () => undefined,
    );
    return start;
  }

  async #receive(socket: Socket): Promise<Arrival> {
    const hash = createHash("sha256");
    let left = this.#encrypted.length;
    let firstByte = 0;
    const pieces = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const bytes of pieces) {
      if (firstByte === 0) firstByte = performance.now();
      hash.update(bytes.subarray(0, left));
      left -= bytes.length;
      if (left <= 0) break;
    }
    const lastByte = performance.now();
    if (hash.digest("hex") !== this.#sha256) throw new Error("what arrived is not what was sent");
    return { firstByte, lastByte };
  }
}

function timed(start: number, { firstByte, lastByte }: Arrival): Timed {
  return { ms: lastByte - start, firstByteMs: firstByte - start };
}

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const local = server.address();
  if (local === null || typeof local === "string") throw new Error("no port");
  return { server, port: local.port };
}

/** Waits for a line that begins so. */
async function line(socket: Socket, begin: string): Promise<void> {
  let text = "";
  while (!text.includes(begin)) {
    const [bytes] = (await once(socket, "data")) as [Buffer];
    text += bytes.toString("latin1");
  }
}

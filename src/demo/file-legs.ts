import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { BYE_CODE } from "../wire/msnftp/bye-code.ts";
import { createChunkWriter } from "../wire/msnftp/chunk-writer.ts";
import { protocolFor, serializeControlLine } from "../wire/msnftp/control-line.ts";
import { createFileReceiver } from "../wire/msnftp/file-receiver.ts";
import { createFileSender } from "../wire/msnftp/file-sender.ts";
import { deriveKeys, type SecureKeys } from "../wire/msnftp/secure-keys.ts";
import { DemoFailed } from "./demo-failed.ts";
import type { FileSecrets } from "./file-talk.ts";

/** The two ends of a file transfer over TCP, as Alice's and Bob's clients would be: honest, each for one file. */
interface LegTerms {
  readonly secrets: FileSecrets;
  /** The receiver's address, as it stands in USR. */
  readonly user: string;
  readonly authCookie: string;
}

/** A file that waits to be fetched. */
export interface ServedFile extends AsyncDisposable {
  readonly port: number;
  /** Never rejects. */
  readonly done: Promise<SentFile>;
}

export interface SentFile {
  /** Bytes of content. */
  readonly sentBytes: number;
  /** Monotonic; undefined: nothing was sent. */
  readonly lastByteAtMs: number | undefined;
  /** What BYE said. */
  readonly told: "received" | "refused" | "nothing";
}

export interface FetchedFile {
  readonly end: "complete" | "cut" | "problem";
  readonly bytes: Buffer;
  /** Monotonic; undefined: nothing came. */
  readonly firstByteAtMs: number | undefined;
}

/** A transfer on one machine that lasts longer will not end. */
const PATIENCE_MS = 8000;

/** Listens on a free port of 127.0.0.1 for one connection. */
export async function serveFile(
  terms: LegTerms & { readonly bytes: Buffer },
  clock: Clock,
): Promise<ServedFile> {
  const server = createServer({ noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { promise, resolve } = Promise.withResolvers<SentFile>();
  const nothing: SentFile = { sentBytes: 0, lastByteAtMs: undefined, told: "nothing" };
  const timer = clock.schedule(PATIENCE_MS, () => resolve(nothing));
  server.once("connection", (socket: Socket) => {
    timer.cancel();
    server.close();
    resolve(send(socket, terms, clock));
  });
  return {
    port: (server.address() as AddressInfo).port,
    done: promise,
    async [Symbol.asyncDispose]() {
      timer.cancel();
      server.close();
      resolve(nothing);
      await promise;
    },
  };
}

async function send(
  socket: Socket,
  terms: LegTerms & { readonly bytes: Buffer },
  clock: Clock,
): Promise<SentFile> {
  const { user, authCookie, bytes } = terms;
  const keys = keysOf(terms.secrets);
  const peer = createFileSender({
    protocol: protocolFor(keys),
    user,
    authCookie,
    size: bytes.length,
  });
  let lastByteAtMs: number | undefined;
  let told: SentFile["told"] = "nothing";
  const finish = (said: "received" | "refused"): void => {
    told = said;
    // Whatever BYE said, the MAC follows: the known client does the same.
    const mac = keys.mac().update(bytes).digest("base64");
    socket.end(serializeControlLine({ kind: "MAC", mac }));
  };
  socket.on("data", (chunk: Buffer) => {
    const { write, problem } = peer.receive(chunk);
    if (write !== undefined) socket.write(write);
    if (problem !== undefined) {
      if (problem.code === "peer-cancelled" && peer.state === "sent") finish("refused");
      else socket.destroy();
    } else if (peer.state === "requested") {
      peer.begin();
      socket.write(createChunkWriter(keys).frame(bytes));
      peer.finish();
      lastByteAtMs = clock.monotonicMs();
    } else if (peer.state === "acknowledged" && told === "nothing") finish("received");
  });
  await ended(socket, clock);
  return { sentBytes: lastByteAtMs === undefined ? 0 : bytes.length, lastByteAtMs, told };
}

/** Connects and takes the file. Never rejects. */
export async function fetchFile(
  terms: LegTerms & { readonly host: string; readonly port: number; readonly size: number },
  clock: Clock,
): Promise<FetchedFile> {
  const { user, authCookie, size, host, port } = terms;
  const peer = createFileReceiver({ keys: keysOf(terms.secrets), user, authCookie, size });
  const socket = connect({ host, port, noDelay: true });
  const got: Buffer[] = [];
  let end: FetchedFile["end"] = "cut";
  let firstByteAtMs: number | undefined;
  let hasSaidBye = false;
  const take = (chunk: Buffer): void => {
    const { write, data, problem } = peer.receive(chunk);
    if (write !== undefined) socket.write(write);
    if (data !== undefined) {
      firstByteAtMs ??= clock.monotonicMs();
      got.push(Buffer.from(data));
    }
    if (peer.state === "ready") socket.write(peer.request());
    if (peer.state === "complete" && !hasSaidBye) {
      hasSaidBye = true;
      socket.write(peer.acknowledge(BYE_CODE.received));
    }
    if (problem === undefined && peer.proof === undefined) return;
    end = problem === undefined ? "complete" : "problem";
    socket.end();
  };
  socket.once("connect", () => socket.write(peer.greet()));
  socket.on("data", take);
  await ended(socket, clock);
  return { end, bytes: Buffer.concat(got), firstByteAtMs };
}

/** However it ends. */
async function ended(socket: Socket, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.schedule(PATIENCE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.once("close", () => resolve());
  await promise;
  timer.cancel();
}

function keysOf({ encryptionKey, hashKey }: FileSecrets): SecureKeys {
  const keys = deriveKeys(encryptionKey, hashKey);
  if (!keys.ok) throw new DemoFailed("the receiver's secrets are no keys");
  return keys.value;
}

import { Readable } from "node:stream";
import NodeClam from "clamscan";
import type { ClamdClient, ClamdJob } from "./clamd-client.ts";
import type { EngineSocket } from "./engine-socket.ts";
import { nextTurn } from "./next-turn.ts";
import { onAbort } from "./on-abort.ts";
import { ReplyReader } from "./reply-reader.ts";

/**
 * clamd by the npm package `clamscan` (2.4.0 exactly), made safe from outside. The package frames and sends the stream and
 * gives its opinion; what it lacks is done here:
 * - it ignores back-pressure: it is fed by a stream of ours, which waits while its socket is full;
 * - an empty piece would end the stream early, and the rest unscanned: none is sent, and the bytes are counted;
 * - it has no deadline and no way to stop: the connection is ours, handed to it in place of its `_initSocket` (a private name,
 *   hence the contract test), and hanging up ends everything;
 * - it takes any text that ends in ": OK" for clean and loses error texts: the raw reply is read beside it, and "clean" needs
 *   both the strict reading and the package's own "not infected";
 * - it prints socket errors on the console: it does not hear of them.
 * It never starts a local binary: both paths are null and the fall-back is off.
 */
export const scanByClamscan: ClamdClient = async (open, job) => {
  const library = await createLibrary();
  const opened = await open(job.signal);
  if (!opened.ok) return { kind: "error", reason: opened.problem };
  const socket = opened.value;
  const feed = createFeed(socket, job);
  const reply = new ReplyReader(socket);
  keepErrorsFromLibrary(socket);
  const stop = onAbort(job.signal, () => socket.destroy());
  try {
    const opinion = askLibrary(library, socket, feed.stream);
    await reply.finished;
    if (job.signal.aborted) return { kind: "error", reason: "timeout" };
    if (feed.broken) return { kind: "error", reason: "down" };
    // The package decides when it hears the same "end"; where it hears none it never does.
    const isInfected = await Promise.race([opinion, nextTurn()]);
    const allSent = feed.fedBytes === job.source.size && !socket.writeFailed;
    return reply.answer(allSent && isInfected === false);
  } finally {
    stop();
    socket.destroy();
    feed.stream.destroy();
  }
};

/** A new instance for every scan: about a millisecond. The options object is a new one too, since `init` takes it apart. */
async function createLibrary(): Promise<NodeClam> {
  // Never dialled: the connection is handed in. Without an address the package would look for local binaries.
  const nowhere = { host: "127.0.0.1", port: 3310 };
  const withoutBinary: NonNullable<NodeClam.Options["clamscan"]> = { active: false };
  // null is what the package checks for; its types know strings only
  Object.assign(withoutBinary, { path: null });
  const clamdscan: NonNullable<NodeClam.Options["clamdscan"]> = {
    ...nowhere,
    timeout: 0,
    localFallback: false,
    bypassTest: true,
    active: true,
  };
  Object.assign(clamdscan, { path: null });
  return new NodeClam().init({ debugMode: false, clamscan: withoutBinary, clamdscan });
}

async function askLibrary(
  library: NodeClam,
  socket: EngineSocket,
  stream: Readable,
): Promise<boolean | undefined> {
  Reflect.set(library, "_initSocket", async () => socket);
  try {
    const { isInfected } = await library.scanStream(stream);
    return isInfected;
  } catch {
    return undefined;
  }
}

/** From here on nobody but those who listen already hears of errors. */
function keepErrorsFromLibrary(socket: EngineSocket): void {
  socket.on("newListener", (event: string, listener: (...args: unknown[]) => void) => {
    if (event === "error") queueMicrotask(() => socket.off("error", listener));
  });
}

interface Feed {
  readonly stream: Readable;
  /** Bytes of the source handed to the package. */
  readonly fedBytes: number;
  /** The source could not be read to its end. */
  readonly broken: boolean;
}

/** The source as a stream that stands still while the socket is full. */
function createFeed(socket: EngineSocket, { source, chunkBytes }: ClamdJob): Feed {
  let fedBytes = 0;
  let broken = false;
  async function* pieces(): AsyncGenerator<Buffer> {
    while (fedBytes < source.size && !socket.destroyed && !socket.writeFailed) {
      const room = Buffer.allocUnsafe(Math.min(chunkBytes, source.size - fedBytes));
      const length = source.read(room, fedBytes);
      if (length === 0) throw new Error("the source ended before its size");
      fedBytes += length;
      yield room.subarray(0, length);
      // the package has passed the piece on by then
      await nextTurn();
      await untilDrained(socket);
    }
  }
  const stream = Readable.from(pieces(), { objectMode: false, highWaterMark: 64 * 1024 });
  stream.once("error", () => {
    broken = true;
    socket.destroy();
  });
  return {
    stream,
    get fedBytes(): number {
      return fedBytes;
    },
    get broken(): boolean {
      return broken;
    },
  };
}

async function untilDrained(socket: EngineSocket): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onEither = (): void => resolve();
  socket.once("drain", onEither);
  socket.once("close", onEither);
  await promise;
  socket.off("drain", onEither);
  socket.off("close", onEither);
}

import type { ClamdClient, ClamdJob } from "./clamd-client.ts";
import type { EngineSocket } from "./engine-socket.ts";
import { nextTurn } from "./next-turn.ts";
import { onAbort } from "./on-abort.ts";
import { ReplyReader } from "./reply-reader.ts";
import { writeAll } from "./socket-write.ts";

/**
 * Our own client for clamd's INSTREAM (clamd(8)): `zINSTREAM\0`, then pieces, each behind its length in four bytes, then a
 * length of zero; one connection for each scan.
 *
 * One buffer per scan, filled again only when the system has taken it: a clamd that reads nothing costs that buffer, not the
 * file. Over its StreamMaxLength clamd answers and closes while we still write: so the reply is read all along, and read to its
 * end after a write has failed.
 * It has no sessions (IDSESSION), where one oversize file would end the scans of all others.
 */
export const scanByInstream: ClamdClient = async (open, job) => {
  const opened = await open(job.signal);
  if (!opened.ok) return { kind: "error", reason: opened.problem };
  const socket = opened.value;
  const reply = new ReplyReader(socket);
  const stop = onAbort(job.signal, () => socket.destroy());
  try {
    const sent = await sendFile(socket, reply, job);
    if (sent === "unreadable") return { kind: "error", reason: "down" };
    await reply.finished;
    if (job.signal.aborted) return { kind: "error", reason: "timeout" };
    return reply.answer(sent === "all");
  } finally {
    stop();
    socket.destroy();
  }
};

const COMMAND = Buffer.from("zINSTREAM\0", "latin1");
const LENGTH_BYTES = 4;
const LAST = Buffer.alloc(LENGTH_BYTES);

async function sendFile(
  socket: EngineSocket,
  reply: ReplyReader,
  { source, chunkBytes }: ClamdJob,
): Promise<"all" | "part" | "unreadable"> {
  if (!(await writeAll(socket, COMMAND))) return "part";
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + Math.min(chunkBytes, source.size));
  for (let position = 0; position < source.size;) {
    const room = Math.min(frame.length - LENGTH_BYTES, source.size - position);
    const length = readInto(frame.subarray(LENGTH_BYTES, LENGTH_BYTES + room), source, position);
    if (length === 0) return "unreadable";
    frame.writeUInt32BE(length, 0);
    if (!(await writeAll(socket, frame.subarray(0, LENGTH_BYTES + length)))) return "part";
    position += length;
    await nextTurn();
    if (reply.begun) return "part";
  }
  return (await writeAll(socket, LAST)) ? "all" : "part";
}

function readInto(buffer: Buffer, source: ClamdJob["source"], position: number): number {
  try {
    return source.read(buffer, position);
  } catch {
    return 0;
  }
}

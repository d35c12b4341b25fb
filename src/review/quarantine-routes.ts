import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import { readDeed, readLimit } from "./admin-query.ts";
import type { QuarantineView, ReviewPorts } from "./ports.ts";
import { refuse } from "./refuse.ts";

interface OneItem {
  Params: { id: string };
}

/** Of ours, never a name of a peer's; what else comes is looked up nowhere. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

const CHUNK_BYTES: number = 64 * 1024;

/** GET /v1/quarantine-usage, /v1/quarantine, /v1/quarantine/:id and its /content, and DELETE /v1/quarantine/:id. */
export function addQuarantineRoutes(app: FastifyInstance, { quarantine }: ReviewPorts): void {
  app.get("/v1/quarantine", async (request, reply) => {
    const limit = readLimit(request.query);
    if (!limit.ok) return refuse(reply, "BAD_QUERY", limit.problem);
    return { quarantine: await quarantine.list(limit.value) };
  });
  app.get("/v1/quarantine-usage", async () => quarantine.usage());
  app.get<OneItem>("/v1/quarantine/:id", async (request, reply) => {
    const { id } = request.params;
    return (await find(id)) ?? refuseUnknown(reply, id);
  });
  app.get<OneItem>("/v1/quarantine/:id/content", async (request, reply) => {
    const { id } = request.params;
    const item = await find(id);
    if (item === undefined) return refuseUnknown(reply, id);
    if (item.state !== "quarantined") return refuseGone(reply, item);
    const deed = readDeed(request.query);
    if (!deed.ok) return refuse(reply, "BAD_QUERY", deed.problem);
    const content = await quarantine.download(id, deed.value);
    // Deleted between the two questions.
    if (content === undefined) return refuseGone(reply, item);
    return sendArchive(reply, id, await begin(content));
  });
  app.delete<OneItem>("/v1/quarantine/:id", async (request, reply) => {
    const { id } = request.params;
    const item = await find(id);
    if (item === undefined) return refuseUnknown(reply, id);
    if (item.state !== "quarantined") return refuseGone(reply, item);
    const deed = readDeed(request.query);
    if (!deed.ok) return refuse(reply, "BAD_QUERY", deed.problem);
    return (await quarantine.delete(id, deed.value)) ?? refuseUnknown(reply, id);
  });

  async function find(id: string): Promise<QuarantineView | undefined> {
    return ID.test(id) ? quarantine.show(id) : undefined;
  }
}

/** Reads the first chunk, so that what fails at once is answered in words: after it only the connection can tell. */
async function begin(content: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const rest = content[Symbol.asyncIterator]();
  const first = await rest.next();
  let isFirst = true;
  // No generator: one that was never begun would leave the archive open when the reader goes.
  const iterator: AsyncIterator<Buffer> = {
    next: async () => {
      if (!isFirst) return rest.next();
      isFirst = false;
      return first;
    },
    return: async () => (await rest.return?.()) ?? { done: true, value: undefined },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** Waits for the reader; an error midway destroys the connection, so that half an archive never looks whole. */
function sendArchive(
  reply: FastifyReply,
  id: string,
  content: AsyncIterable<Buffer>,
): FastifyReply {
  const stream = Readable.from(content, { objectMode: false, highWaterMark: CHUNK_BYTES });
  return reply
    .type("application/zip")
    .header("content-disposition", `attachment; filename="${id}.zip"`)
    .header("x-content-type-options", "nosniff")
    .header("cache-control", "no-store")
    .send(stream);
}

function refuseUnknown(reply: FastifyReply, id: string): FastifyReply {
  return refuse(reply, "NOT_FOUND", `there is no ${id.slice(0, 64)} in the quarantine`);
}

function refuseGone(reply: FastifyReply, { id, state }: QuarantineView): FastifyReply {
  const how = state === "expired" ? "its time was over" : "it was deleted";
  return refuse(reply, "QUARANTINE_GONE", `the file of ${id} is gone: ${how}`);
}

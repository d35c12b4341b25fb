import type { FastifyInstance } from "fastify";
import { readRefresh } from "./admin-query.ts";
import type { ReviewPorts } from "./ports.ts";
import { refuse } from "./refuse.ts";

/** GET /v1/lists and POST /v1/lists/refresh, with `name` any number of times and `allow_shrink=true`. */
export function addListRoutes(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/v1/lists", () => ({ lists: ports.lists() }));
  app.post("/v1/lists/refresh", async (request, reply) => {
    const which = readRefresh(request.query);
    if (!which.ok) return refuse(reply, "BAD_QUERY", which.problem);
    const known = new Set(ports.lists().map((list) => list.name));
    const unknown = which.value.names?.find((name) => !known.has(name));
    if (unknown !== undefined) {
      return refuse(reply, "NOT_FOUND", `no list or group "${unknown}" in force has a file`);
    }
    const changes = await ports.refreshLists(which.value);
    const lists = changes.map(({ name, outcome, entries, problem }) => ({
      name,
      outcome,
      entries,
      problem: problem ?? null,
    }));
    return { lists };
  });
}

import type { FastifyInstance } from "fastify";
import type { ReviewPorts } from "./ports.ts";

/** GET /livez, /readyz, /v1/health, /v1/stats, /v1/transfers, /v1/engines and POST /v1/engines/test. */
export function addStatusRoutes(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/livez", () => ({ live: true }));
  app.get("/readyz", (_request, reply) => {
    const { ready } = ports.health();
    return reply.status(ready ? 200 : 503).send({ ready });
  });
  app.get("/v1/health", () => {
    const { startedAt, ...health } = ports.health();
    return { ...health, started_at: new Date(startedAt).toISOString() };
  });
  app.get("/v1/stats", async () => ports.stats());
  app.get("/v1/transfers", async () => ({ transfers: await ports.transfers() }));
  app.get("/v1/engines", async () => ({ engines: await ports.engines(false) }));
  app.post("/v1/engines/test", async () => ({ engines: await ports.engines(true) }));
}

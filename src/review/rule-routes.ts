import type { FastifyInstance } from "fastify";
import type { ReviewPorts } from "./ports.ts";

/** GET /v1/rules, /v1/rules/status, /v1/rules/hits and POST /v1/reload. */
export function addRuleRoutes(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/v1/rules", () => ({ rules: ports.rules().rules }));
  app.get("/v1/rules/status", () => {
    const { generation, hash, loaded, loadedAt, lastFailure, lists } = ports.rules().status;
    return {
      generation,
      hash,
      loaded,
      loaded_at: new Date(loadedAt).toISOString(),
      last_failure:
        lastFailure === undefined
          ? null
          : { at: new Date(lastFailure.at).toISOString(), problems: lastFailure.problems },
      lists_in_trouble: lists,
    };
  });
  app.get("/v1/rules/hits", () => ports.ruleHits());
  app.post("/v1/reload", async () => ports.reload());
}

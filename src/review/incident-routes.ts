import type { FastifyInstance, FastifyReply } from "fastify";
import { readIncidentFilter } from "./admin-query.ts";
import type { ReviewPorts } from "./ports.ts";
import { refuse } from "./refuse.ts";

/** GET /v1/incidents, /v1/incidents/:id and /v1/incidents/:id/explain. */
export function addIncidentRoutes(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/v1/incidents", async (request, reply) => {
    const filter = readIncidentFilter(request.query);
    if (!filter.ok) return refuse(reply, "BAD_QUERY", filter.problem);
    return { incidents: await ports.incidents.list(filter.value) };
  });
  app.get<{ Params: { id: string } }>("/v1/incidents/:id", async (request, reply) => {
    const incident = await ports.incidents.show(request.params.id.toUpperCase());
    return incident ?? refuseUnknown(reply, request.params.id);
  });
  app.get<{ Params: { id: string } }>("/v1/incidents/:id/explain", async (request, reply) => {
    const incident = await ports.incidents.show(request.params.id.toUpperCase());
    if (incident === undefined) return refuseUnknown(reply, request.params.id);
    const { id, action, rule, reason, details, answer } = incident;
    return {
      id,
      action,
      rule,
      rule_title: details["rule_title"] ?? "",
      rule_file: details["rule_file"] ?? "",
      rule_line: details["rule_line"] ?? 0,
      policy: details["policy"] ?? "",
      reason,
      answer,
      trace: details["trace"] ?? [],
      trace_cut: details["trace_cut"] ?? false,
    };
  });
}

function refuseUnknown(reply: FastifyReply, id: string): FastifyReply {
  return refuse(reply, "NOT_FOUND", `there is no incident ${id}`);
}

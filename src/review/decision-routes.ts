import type { FastifyInstance, FastifyReply } from "fastify";
import { readDeed, readRelease } from "./admin-query.ts";
import type { DeedAnswer, ReviewPorts, Reviewed } from "./ports.ts";
import { refuse } from "./refuse.ts";

interface OneThing {
  Params: { id: string };
}

/**
 * POST /v1/incidents/:id/review, …/release, …/deny and the same of /v1/quarantine/:id, with …/rescan: what people decide about what
 * was stopped. The body is JSON: `reason`, `said_by`; of a release also `to`, `force`, `for_ms`.
 */
export function addDecisionRoutes(app: FastifyInstance, { decisions }: ReviewPorts): void {
  app.post<OneThing>("/v1/incidents/:id/review", async ({ params, body }, reply) => {
    const deed = readDeed(body);
    if (!deed.ok) return refuse(reply, "BAD_QUERY", deed.problem);
    return answer(reply, await decisions.review(params.id.toUpperCase(), deed.value));
  });
  app.post<OneThing>("/v1/quarantine/:id/rescan", async ({ params, body }, reply) => {
    const deed = readDeed(body);
    if (!deed.ok) return refuse(reply, "BAD_QUERY", deed.problem);
    return answer(reply, await decisions.rescan(params.id, deed.value));
  });
  for (const [path, reviewed] of REVIEWED) {
    app.post<OneThing>(`${path}/:id/deny`, async ({ params, body }, reply) => {
      const deed = readDeed(body);
      if (!deed.ok) return refuse(reply, "BAD_QUERY", deed.problem);
      return answer(reply, await decisions.deny(reviewed(params.id), deed.value));
    });
    app.post<OneThing>(`${path}/:id/release`, async ({ params, body }, reply) => {
      const deed = readRelease(body);
      if (!deed.ok) return refuse(reply, "BAD_QUERY", deed.problem);
      return answer(reply, await decisions.release(reviewed(params.id), deed.value));
    });
  }
}

const REVIEWED: readonly (readonly [string, (id: string) => Reviewed])[] = [
  ["/v1/incidents", (id) => ({ kind: "incident", id: id.toUpperCase() })],
  ["/v1/quarantine", (id) => ({ kind: "item", id })],
];

function answer(
  reply: FastifyReply,
  given: DeedAnswer,
): FastifyReply | Readonly<Record<string, unknown>> {
  switch (given.kind) {
    case "done":
      return given.view;
    case "not-found":
      return refuse(reply, "NOT_FOUND", given.detail);
    case "gone":
      return refuse(reply, "QUARANTINE_GONE", given.detail);
    case "conflict":
      return refuse(reply, "REVIEW_CONFLICT", given.detail);
    case "refused":
      return refuse(reply, "RELEASE_REFUSED", given.detail);
    case "bad":
      return refuse(reply, "BAD_QUERY", given.detail);
  }
}

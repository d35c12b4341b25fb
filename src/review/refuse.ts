import type { FastifyReply } from "fastify";
import { CodedError } from "../base/coded-error.ts";

/** Why a request is refused; the codes stand in docs/errors.md. */
type RefusalCode =
  | "BAD_QUERY"
  | "NOT_FOUND"
  | "QUARANTINE_GONE"
  | "REVIEW_CONFLICT"
  | "RELEASE_REFUSED";

const STATUS: Readonly<Record<RefusalCode, number>> = {
  BAD_QUERY: 400,
  NOT_FOUND: 404,
  QUARANTINE_GONE: 410,
  REVIEW_CONFLICT: 409,
  RELEASE_REFUSED: 422,
};

/** Answers `{ "error": { "code", "message" } }`. The message is a sentence for the operator. */
export function refuse(reply: FastifyReply, code: RefusalCode, message: string): FastifyReply {
  return reply.status(STATUS[code]).send({ error: { code, message } });
}

/** The same for what was thrown: broken machinery is 503, bad requests keep fastify's status, the rest is our bug. */
export function refuseThrown(reply: FastifyReply, error: unknown): FastifyReply {
  const code = error instanceof CodedError ? error.code : "ADMIN_REQUEST_FAILED";
  const message = error instanceof Error ? error.message : String(error);
  return reply.status(statusOf(error)).send({ error: { code, message } });
}

function statusOf(error: unknown): number {
  if (error instanceof CodedError) return 503;
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return 500;
  return typeof error.statusCode === "number" ? error.statusCode : 500;
}

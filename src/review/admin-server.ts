import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname } from "node:path";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { CodedError } from "../base/coded-error.ts";
import { readIncidentFilter } from "./admin-query.ts";
import type { ReviewPorts } from "./ports.ts";

/**
 * The admin API on a unix socket: what the command line asks of a running gateway. Who may open the socket (mode 0600
 * in a folder 0700) may ask everything; there is no other authentication here. Errors are
 * `{ "error": { "code", "message" } }`. What it does not do yet: TCP, the console, metrics, release of what was stopped.
 * Limits: 64 KiB of body, 1,000 rows an answer, 10 s for a request to arrive.
 */
export interface AdminServer extends AsyncDisposable {
  readonly socket: string;
}

export interface AdminServerOptions {
  /** Path of the unix socket; its folder is created with mode 0700. At most 107 bytes (sun_path of Linux). */
  readonly socket: string;
}

const MAX_SOCKET_PATH = 107;

/**
 * Starts listening. A socket file that nobody answers on is left from a crash and replaced.
 * Rejects with AdminSocketFailed: ADMIN_SOCKET_BUSY when another gateway answers there, else ADMIN_SOCKET_FAILED.
 */
export async function createAdminServer(
  ports: ReviewPorts,
  options: AdminServerOptions,
): Promise<AdminServer> {
  const { socket } = options;
  await makeRoom(socket);
  const app = Fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    requestTimeout: 10_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 64 },
  });
  addErrors(app);
  addProbes(app, ports);
  addIncidents(app, ports);
  addRules(app, ports);
  try {
    await app.listen({ path: socket });
    chmodSync(socket, 0o600);
  } catch (error) {
    await app.close();
    throw new AdminSocketFailed("ADMIN_SOCKET_FAILED", `${socket}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return {
    socket,
    async [Symbol.asyncDispose]() {
      await app.close();
    },
  };
}

/** The admin socket cannot be had. */
export class AdminSocketFailed extends CodedError {}

async function makeRoom(socket: string): Promise<void> {
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new AdminSocketFailed(
      "ADMIN_SOCKET_FAILED",
      `${socket} is longer than the ${MAX_SOCKET_PATH} bytes that the system allows for a socket: set admin.socket`,
    );
  }
  try {
    mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AdminSocketFailed("ADMIN_SOCKET_FAILED", messageOf(error), { cause: error });
  }
  const found = lstatSync(socket, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new AdminSocketFailed("ADMIN_SOCKET_FAILED", `${socket} exists and is no socket`);
  }
  if (await isAnswered(socket)) {
    throw new AdminSocketFailed(
      "ADMIN_SOCKET_BUSY",
      `another gateway answers on ${socket}: stop it, or give this one its own admin.socket`,
    );
  }
  rmSync(socket, { force: true });
}

async function isAnswered(socket: string): Promise<boolean> {
  const answered = Promise.withResolvers<boolean>();
  const probe = createConnection({ path: socket });
  probe.on("connect", () => answered.resolve(true));
  // Refused or gone: nobody is there. Anything else (no permission) means that somebody may be.
  probe.on("error", (error: NodeJS.ErrnoException) => {
    answered.resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
  });
  try {
    return await answered.promise;
  } finally {
    probe.destroy();
  }
}

function addErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    refuse(reply, 404, "NOT_FOUND", `there is no ${request.method} ${request.url}`);
  });
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    const code = error instanceof CodedError ? error.code : "ADMIN_REQUEST_FAILED";
    refuse(reply, status, code, messageOf(error));
  });
}

/** fastify gives its own errors (body too large, bad JSON) a status; the journal's are 503; the rest is our bug. */
function statusOf(error: unknown): number {
  if (error instanceof CodedError) return 503;
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return 500;
  return typeof error.statusCode === "number" ? error.statusCode : 500;
}

function addProbes(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/livez", () => ({ live: true }));
  app.get("/readyz", (_request, reply) => {
    const { ready } = ports.health();
    return reply.status(ready ? 200 : 503).send({ ready });
  });
  app.get("/v1/health", () => {
    const { startedAt, ...health } = ports.health();
    return { ...health, started_at: new Date(startedAt).toISOString() };
  });
  app.get("/v1/stats", () => ports.stats());
}

function addIncidents(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/v1/incidents", async (request, reply) => {
    const filter = readIncidentFilter(request.query);
    if (!filter.ok) return refuse(reply, 400, "BAD_QUERY", filter.problem);
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

function addRules(app: FastifyInstance, ports: ReviewPorts): void {
  app.get("/v1/rules", () => ({ rules: ports.rules().rules }));
  app.get("/v1/rules/status", () => {
    const { generation, hash, loaded, loadedAt, lastFailure } = ports.rules().status;
    return {
      generation,
      hash,
      loaded,
      loaded_at: new Date(loadedAt).toISOString(),
      last_failure:
        lastFailure === undefined
          ? null
          : { at: new Date(lastFailure.at).toISOString(), problems: lastFailure.problems },
    };
  });
  app.post("/v1/reload", async () => ports.reload());
}

function refuseUnknown(reply: FastifyReply, id: string): FastifyReply {
  return refuse(reply, 404, "NOT_FOUND", `there is no incident ${id}`);
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.status(status).send({ error: { code, message } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

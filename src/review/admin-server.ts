import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { CodedError } from "../base/coded-error.ts";
import { addDecisionRoutes } from "./decision-routes.ts";
import { addIncidentRoutes } from "./incident-routes.ts";
import type { ReviewPorts } from "./ports.ts";
import { addQuarantineRoutes } from "./quarantine-routes.ts";
import { refuse, refuseThrown } from "./refuse.ts";
import { addListRoutes } from "./list-routes.ts";
import { addRuleRoutes } from "./rule-routes.ts";
import { addStatusRoutes } from "./status-routes.ts";

/**
 * The admin API on a unix socket: what the command line asks of a running gateway. Who may open the socket (mode 0600
 * in a folder 0700) may ask everything; there is no other authentication here. Errors are
 * `{ "error": { "code", "message" } }`. What it does not do yet: TCP, the console, metrics.
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
    // What is too long to be an id of ours is unknown, which is an answer, not an error of the protocol.
    routerOptions: { maxParamLength: 8192 },
  });
  addErrors(app);
  addStatusRoutes(app, ports);
  addIncidentRoutes(app, ports);
  addQuarantineRoutes(app, ports);
  addDecisionRoutes(app, ports);
  addRuleRoutes(app, ports);
  addListRoutes(app, ports);
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
    refuse(reply, "NOT_FOUND", `there is no ${request.method} ${request.url}`);
  });
  app.setErrorHandler((error, _request, reply) => {
    refuseThrown(reply, error);
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { request } from "node:http";
import { CodedError } from "../base/coded-error.ts";
import { ExitCode } from "./exit-code.ts";

/** Asks the running gateway over its admin socket. Rejects with AdminRequestFailed, which knows the exit code. */
export interface AdminClient {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  post(path: string): Promise<unknown>;
}

/** The gateway cannot be reached, or says no. */
export class AdminRequestFailed extends CodedError {
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, exitCode: ExitCode) {
    super(code, message);
    this.exitCode = exitCode;
  }
}

const ANSWER_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** `socket`: the configuration's `admin.socket`. */
export function createAdminClient(socket: string): AdminClient {
  return {
    async get(path, query = {}) {
      const parameters = new URLSearchParams();
      for (const [name, value] of Object.entries(query)) {
        if (value !== undefined) parameters.set(name, value);
      }
      const text = parameters.toString();
      return ask(socket, "GET", text === "" ? path : `${path}?${text}`);
    },
    post: async (path) => ask(socket, "POST", path),
  };
}

async function ask(socket: string, method: string, path: string): Promise<unknown> {
  const answered = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
  const asked = request(
    { socketPath: socket, method, path, timeout: TIMEOUT_MS, headers: { host: "sluice" } },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES) response.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      response.on("error", answered.reject);
      response.on("end", () =>
        answered.resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    },
  );
  asked.on("timeout", () => asked.destroy(new Error("no answer within 30 s")));
  asked.on("error", answered.reject);
  asked.end();
  try {
    const { status, text } = await answered.promise;
    return readAnswer(status, text);
  } catch (error) {
    throw error instanceof AdminRequestFailed ? error : unreachableGateway(socket, error);
  }
}

function readAnswer(status: number, text: string): unknown {
  const body: unknown = JSON.parse(text);
  if (status >= 200 && status < 300) return body;
  const message = errorMessage(body) ?? `the gateway answered ${status}`;
  throw new AdminRequestFailed("ADMIN_REFUSED", message, exitCodeOf(status));
}

/** Of `{ "error": { "message": … } }`. */
function errorMessage(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  return typeof error.message === "string" ? error.message : undefined;
}

function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 400:
      return ExitCode.Usage;
    case 401:
    case 403:
      return ExitCode.NotAuthorised;
    case 404:
      return ExitCode.NotFound;
    case 409:
      return ExitCode.Conflict;
    default:
      return ExitCode.Bad;
  }
}

function unreachableGateway(socket: string, error: unknown): AdminRequestFailed {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM") {
    return new AdminRequestFailed(
      "ADMIN_NOT_PERMITTED",
      `you may not open ${socket}: use the account that the gateway runs as, or root`,
      ExitCode.NotAuthorised,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new AdminRequestFailed(
    "ADMIN_UNREACHABLE",
    `no gateway answers on ${socket} (${why}): start it with \`sluice run\`, or name its configuration with --config`,
    ExitCode.Unreachable,
  );
}

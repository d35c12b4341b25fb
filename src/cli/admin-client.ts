import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { CodedError } from "../base/coded-error.ts";
import { ExitCode } from "./exit-code.ts";

/** Asks the running gateway over its admin socket. Rejects with AdminRequestFailed, which knows the exit code. */
export interface AdminClient {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  /** `timeoutMs`: of the silence before the answer; default 30 s. `body`: sent as JSON. */
  post(path: string, timeoutMs?: number, body?: object): Promise<unknown>;
  delete(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  /** The bytes of an answer as they come; throws when they break off. Whoever asks reads them to their end, or leaves the loop. */
  download(
    path: string,
    query?: Readonly<Record<string, string | undefined>>,
  ): Promise<AsyncIterable<Buffer>>;
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
    get: async (path, query) => ask(socket, { method: "GET", path: withQuery(path, query) }),
    post: async (path, timeoutMs, body) => ask(socket, { method: "POST", path, timeoutMs, body }),
    delete: async (path, query) => ask(socket, { method: "DELETE", path: withQuery(path, query) }),
    download: async (path, query) => download(socket, withQuery(path, query)),
  };
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, value);
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

interface Question {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly timeoutMs?: number | undefined;
  readonly body?: object | undefined;
}

async function ask(socket: string, question: Question): Promise<unknown> {
  try {
    const response = await send(socket, question);
    return readAnswer(response.statusCode ?? 0, await readText(response));
  } catch (error) {
    throw error instanceof AdminRequestFailed ? error : unreachableGateway(socket, error);
  }
}

async function download(socket: string, path: string): Promise<AsyncIterable<Buffer>> {
  try {
    const response = await send(socket, { method: "GET", path });
    const status = response.statusCode ?? 0;
    if (status === 200) return contentOf(response);
    readAnswer(status, await readText(response));
    throw new AdminRequestFailed("ADMIN_REFUSED", `the gateway answered ${status}`, ExitCode.Bad);
  } catch (error) {
    throw error instanceof AdminRequestFailed ? error : unreachableGateway(socket, error);
  }
}

async function* contentOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  const bytes: AsyncIterable<Buffer> = response;
  try {
    yield* bytes;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AdminRequestFailed(
      "ADMIN_DOWNLOAD_CUT",
      `the download broke off (${why}): the gateway's log says more`,
      ExitCode.Bad,
    );
  }
}

/** Resolves with the head of the answer. */
async function send(socket: string, question: Question): Promise<IncomingMessage> {
  const { method, path, timeoutMs = TIMEOUT_MS, body } = question;
  const type = body === undefined ? undefined : { "content-type": "application/json" };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked: ClientRequest = request(
    { socketPath: socket, method, path, timeout: timeoutMs, headers: { host: "sluice", ...type } },
    resolve,
  );
  asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
  asked.on("error", reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_BYTES) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
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
    case 410:
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

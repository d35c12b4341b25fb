import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Clock } from "../base/clock.ts";
import type { DemoDeps, DemoOptions } from "./demo-deps.ts";
import { DemoFailed } from "./demo-failed.ts";

/** The gateway of the demonstration: a process of its own, with all its files in a folder of its own. */
export interface DemoGateway extends AsyncDisposable {
  readonly dir: string;
  readonly port: number;
  /** First and last port of the relay. */
  readonly relayPorts: readonly [number, number];
  /** Runs a command of the program with the gateway's configuration; its exit code and what it wrote. */
  cli(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }>;
}

const START_MS = 10_000;
const STOP_MS = 3000;
const RANGE = 10;
const SOCKET = "admin.sock";
/** sun_path of Linux, without the NUL. */
const MAX_SOCKET_PATH = 107;

/** Writes the configuration, starts, and resolves when the gateway is ready; rejects with DemoFailed. */
export async function startDemoGateway(deps: DemoDeps, options: DemoOptions): Promise<DemoGateway> {
  const relayPorts = (await readRange(options.portRange)) ?? (await findFreeRange());
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  if (!options.keep) stack.defer(async () => rm(dir, { recursive: true, force: true }));
  const config = join(dir, "sluice.yaml");
  const socketDir =
    Buffer.byteLength(join(dir, SOCKET)) > MAX_SOCKET_PATH ? await shortFolder() : dir;
  if (socketDir !== dir && !options.keep) {
    stack.defer(async () => rm(socketDir, { recursive: true, force: true }));
  }
  await writeFile(config, configText(deps.rulesDir, relayPorts, join(socketDir, SOCKET)));
  const [program, ...before] = deps.program;
  const log = join(dir, "gateway.log");
  const logFile = openSync(log, "a", 0o600);
  const child = spawn(program, [...before, "run", "--config", config], {
    cwd: dir,
    // The channel carries nothing: by its end the gateway learns that this process has been killed.
    stdio: ["ignore", "pipe", logFile, "ipc"],
  });
  closeSync(logFile);
  stack.defer(async () => stop(child, deps.clock));
  const port = await untilReady(child, log, deps.clock);
  const owned = stack.move();
  return {
    dir,
    port,
    relayPorts,
    cli: async (...args) => runCommand(program, [...before, ...args, "--config", config]),
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

/** For the socket alone, where TMPDIR is too long for one. */
async function shortFolder(): Promise<string> {
  return mkdtemp("/tmp/sluice-demo-");
}

/** JSON is YAML. */
function configText(
  rulesDir: string,
  [first, last]: readonly [number, number],
  socket: string,
): string {
  const config = {
    listen: ["tcp://127.0.0.1:0"],
    upstream: "embedded",
    domains: ["example.test"],
    rules: [rulesDir],
    relay: { msnftp: { ports: `${first}-${last}` } },
    data: { dir: "data" },
    admin: { socket },
  };
  return `# Written by sluice demo.\n${JSON.stringify(config, undefined, 2)}\n`;
}

async function readRange(text: string | undefined): Promise<readonly [number, number] | undefined> {
  if (text === undefined) return undefined;
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  if (match === null || first < 1024 || last > 65_535 || last < first) {
    throw new DemoFailed(`"${text}" is no range of ports: write 20000-20009`);
  }
  for (let port = first; port <= last; port += 1) {
    if (await isFree(port)) continue;
    throw new DemoFailed(`port ${port} is in use: name other ones with --port-range, or none`);
  }
  return [first, last];
}

/** Ports that were free a moment ago, below those that systems give out by themselves. */
async function findFreeRange(): Promise<readonly [number, number]> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = randomInt(1900, 3100) * RANGE;
    const ports = Array.from({ length: RANGE }, (_, i) => first + i);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return [first, first + RANGE - 1];
  }
  throw new DemoFailed("no ten free ports in a row: name some with --port-range");
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("error", () => resolve(false));
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return promise;
}

async function untilReady(child: ChildProcess, log: string, clock: Clock): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const port = /^sluice ready\b.*\btcp:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  }
  const ended = async (code: number | null): Promise<void> => {
    const said = await readFile(log, "utf8").catch(() => "");
    reject(new DemoFailed(`the gateway did not start (${code}):\n${said.slice(-2000)}`));
  };
  child.once("error", (cause) => reject(new DemoFailed("the gateway did not start", { cause })));
  child.once("exit", (code) => void ended(code));
  const late = new DemoFailed(`the gateway was not ready within ${START_MS / 1000} s`);
  const timer = clock.schedule(START_MS, () => reject(late));
  try {
    return await promise;
  } finally {
    timer.cancel();
  }
}

/** SIGTERM; whoever does not hear it is killed. */
async function stop(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = clock.schedule(STOP_MS, () => child.kill("SIGKILL"));
  await exited;
  timer.cancel();
}

async function runCommand(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string }>();
  execFile(program, args, { timeout: START_MS }, (error, stdout) => {
    resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout });
  });
  return promise;
}

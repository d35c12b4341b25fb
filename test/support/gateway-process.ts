import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askAdmin } from "./ask-admin.ts";
import { MAIN, runSluice, type CliResult } from "./cli.ts";
import { eventsWhere, readEvents, type EventLine } from "./events-file.ts";
import type { Address, TestTransport } from "./sip-socket.ts";
import { writeConfig, type GatewaySettings } from "./write-config.ts";

type Endpoints = Readonly<Partial<Record<TestTransport, Address>>>;

/** The line `sluice ready …`, read. */
export interface ReadyLine {
  readonly line: string;
  /** Where clients reach the gateway. */
  readonly listen: Endpoints;
  /** Where it faces the server. */
  readonly upstreamFrom: Endpoints;
}

/** Reads the real addresses out of the ready line; undefined when the line is another. */
export function readReadyLine(line: string): ReadyLine | undefined {
  if (!line.startsWith("sluice ready")) return undefined;
  const [listening = "", upstream = ""] = line.split("(");
  return {
    line,
    listen: readEndpoints(listening),
    upstreamFrom: readEndpoints(upstream.split(" from ")[1] ?? ""),
  };
}

function readEndpoints(text: string): Endpoints {
  const found: Partial<Record<TestTransport, Address>> = {};
  for (const name of ["udp", "tcp", "tls", "ws", "wss"] as const) {
    const match = new RegExp(`\\b${name}://([\\d.]+):(\\d+)`).exec(text);
    if (match !== null) found[name] = { address: match[1] ?? "", port: Number(match[2]) };
  }
  return found;
}

/** A gateway as an operator runs it: a process of its own, with its files in a folder of its own. */
export class GatewayProcess implements AsyncDisposable {
  readonly dir: string;
  readonly configFile: string;
  /** Node, its options, and what stands before them. */
  readonly #command: readonly string[];
  #ready: ReadyLine | undefined;
  #child: ChildProcess;
  #stderr = "";

  private constructor(dir: string, configFile: string, command: readonly string[]) {
    this.dir = dir;
    this.configFile = configFile;
    this.#command = command;
    this.#child = spawnGateway(configFile, command);
  }

  /**
   * Writes the configuration into a new temporary folder and starts; resolves when the gateway is ready. `nodeArgs`:
   * options of Node itself. `within`: a command that runs it somewhere else, as `nsenter` does.
   */
  static async start(
    settings: GatewaySettings = {},
    nodeArgs: readonly string[] = [],
    within: readonly string[] = [],
  ): Promise<GatewayProcess> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
    const command = [...within, process.execPath, ...nodeArgs];
    return GatewayProcess.#startBy(command, dir, await writeConfig(dir, settings));
  }

  /** Starts with a configuration that is there already. */
  static async startIn(
    dir: string,
    configFile: string,
    nodeArgs: readonly string[] = [],
  ): Promise<GatewayProcess> {
    return GatewayProcess.#startBy([process.execPath, ...nodeArgs], dir, configFile);
  }

  static async #startBy(
    command: readonly string[],
    dir: string,
    configFile: string,
  ): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(dir, configFile, command);
    await gateway.#untilReady();
    return gateway;
  }

  get ready(): ReadyLine {
    if (this.#ready === undefined) throw new Error("the gateway is not ready");
    return this.#ready;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What the program has logged so far. */
  get stderr(): string {
    return this.#stderr;
  }

  get eventsFile(): string {
    return join(this.dir, "data", "events.ndjson");
  }

  /** Where clients send by that transport. */
  at(transport: TestTransport): Address {
    const address = this.ready.listen[transport];
    if (address === undefined) throw new Error(`no ${transport} listener: ${this.ready.line}`);
    return address;
  }

  /** SIGHUP: reload the rules. */
  reload(): void {
    this.#child.kill("SIGHUP");
  }

  /** Starts again, with the same files, after the process has ended. */
  async restart(): Promise<void> {
    if (this.running) throw new Error("still running");
    this.#stderr = "";
    this.#ready = undefined;
    this.#child = spawnGateway(this.configFile, this.#command);
    await this.#untilReady();
  }

  /** Asks it to end and waits; gives the exit code, null when a signal ended it. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.running) {
      const exited = once(this.#child, "exit");
      this.#child.kill(signal);
      await exited;
    }
    return this.#child.exitCode;
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.stop("SIGKILL");
  }

  /** Runs a command of the same configuration. */
  async cli(...args: readonly string[]): Promise<CliResult> {
    return runSluice([...args, "--config", this.configFile]);
  }

  /** The incidents as `sluice incidents list` tells them; the newest thousand. */
  async incidents(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return this.#listed("/v1/incidents?limit=1000", "incidents");
  }

  /** The transfers that are open, as `sluice transfers` tells them. */
  async transfers(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return this.#listed("/v1/transfers", "transfers");
  }

  /** The scan engines as `sluice engines` tells them. */
  async engines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return this.#listed("/v1/engines", "engines");
  }

  /**
   * Waits for lines of the event log. Those of allowed messages come up to a second late by themselves; opening the log anew
   * brings them at once.
   */
  async eventsWhere(
    what: string,
    matches: (event: EventLine) => boolean,
  ): Promise<readonly EventLine[]> {
    return eventsWhere(this.eventsFile, what, matches, () => this.#child.kill("SIGUSR1"));
  }

  /** Waits for the lines of the event log with that Call-ID. */
  async eventsOf(callId: string): Promise<readonly EventLine[]> {
    return this.eventsWhere(callId, (event) => event["call_id"] === callId);
  }

  /** The event log as it stands now. */
  async events(): Promise<readonly EventLine[]> {
    return readEvents(this.eventsFile);
  }

  /** Waits for the lines of the event log about file transfers that are over, of one call or of all. */
  async transferEvents(callId?: string): Promise<readonly EventLine[]> {
    return this.eventsWhere("a transfer", (event) => {
      const isOfCall = callId === undefined || event["call_id"] === callId;
      return event["type"] === "transfer" && isOfCall;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Asks it over the admin socket; a list that it answers under that name. */
  async #listed(path: string, name: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const rows = (await askAdmin(this, "GET", path))[name];
    if (!Array.isArray(rows)) throw new Error(`${path}: no ${name}`);
    return rows as Record<string, unknown>[];
  }

  async #untilReady(): Promise<void> {
    const child = this.#child;
    let stdout = "";
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString("utf8");
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
      this.#ready ??= stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => readReadyLine(line))
        .find((line) => line !== undefined);
      if (this.#ready !== undefined) resolve();
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`not ready after 20 s: ${stdout}${this.#stderr}`));
    }, 20_000);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${this.#stderr}`)));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

function spawnGateway(configFile: string, command: readonly string[]): ChildProcess {
  const [program = process.execPath, ...args] = command;
  return spawn(program, [...args, MAIN, "run", "--config", configFile], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

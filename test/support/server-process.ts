import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import type { TestTransport } from "./sip-socket.ts";
import { waitUntil } from "./wait-until.ts";

const MAIN = fileURLToPath(new URL("server-main.ts", import.meta.url));
const HOST = "127.0.0.2";

/** A server that can be stopped, killed and started again at the same address; it answers 200 to everything. */
export class ServerProcess implements AsyncDisposable {
  readonly #port: number;
  #child: ChildProcess | undefined;
  #lines: string[] = [];

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(HOST));
    await server.comeBack();
    return server;
  }

  uri(transport: TestTransport): string {
    return `sip:${HOST}:${this.#port};transport=${transport}`;
  }

  /** How often a request with that Call-ID has come. */
  count(callId: string): number {
    return this.#lines.filter((line) => line === callId).length;
  }

  async comeBack(): Promise<void> {
    const child = spawn(process.execPath, [MAIN, HOST, String(this.#port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    let ready = false;
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = chunk.toString().split("\n").filter(Boolean);
      if (lines.includes("ready")) ready = true;
      this.#lines.push(...lines);
    });
    await waitUntil("the server to be ready", () => ready);
  }

  /** It takes connections and datagrams, since the system does that, and answers nothing. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

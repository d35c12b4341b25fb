import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Requirement } from "./requirements.ts";
import { TCPDUMP } from "./requirements.ts";

/** One TCP connection that somebody opened on loopback. */
export interface Connection {
  readonly toPort: number;
}

/** A ledger of the connections opened to certain ports on loopback, kept by tcpdump. */
export class ConnectionLedger implements AsyncDisposable {
  static readonly needs: Requirement = TCPDUMP;
  readonly opened: Connection[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error("no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const toPort = Number(/> [\d.]+\.(\d+): Flags \[S\]/.exec(line)?.[1]);
      if (Number.isInteger(toPort)) this.opened.push({ toPort });
    });
  }

  /** Begins to listen; `filter` is tcpdump's, for example "portrange 6891-6901". */
  static async watch(filter: string): Promise<ConnectionLedger> {
    const syn = "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn";
    const args = ["-i", "lo", "-n", "-l", "-U", "--immediate-mode", `${syn} and (${filter})`];
    const child = spawn("tcpdump", args, { stdio: ["ignore", "pipe", "pipe"] });
    const listening = Promise.withResolvers<void>();
    let heard = "";
    child.stderr.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes("listening on")) listening.resolve();
    });
    child.once("exit", () => listening.reject(new Error(`tcpdump: ${heard}`)));
    await listening.promise;
    return new ConnectionLedger(child);
  }

  /** How many were opened to a port of that range. */
  to(first: number, last: number): number {
    return this.opened.filter(({ toPort }) => toPort >= first && toPort <= last).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGINT");
    await exited;
  }
}

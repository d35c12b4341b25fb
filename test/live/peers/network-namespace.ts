import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { IPROUTE, NAMESPACES, type Requirement } from "./requirements.ts";

const run = promisify(execFile);

/** A network namespace that lives as long as the process that holds it, and that one as long as this process. */
export class NetworkNamespace implements AsyncDisposable {
  static readonly needs: readonly Requirement[] = [NAMESPACES, IPROUTE];
  /** A command behind these words runs there. */
  readonly within: readonly string[];
  /** For `ip link … netns`. */
  readonly pid: number;
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.#holder = holder;
    this.pid = holder.pid ?? 0;
    this.within = ["nsenter", "-t", String(this.pid), "-n"];
  }

  static async open(): Promise<NetworkNamespace> {
    // "cat" ends when this process does, however that happens: its standard input is then closed.
    const holder = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await Promise.race([
      once(holder.stdout, "data"),
      once(holder, "exit").then(() => Promise.reject(new Error("no network namespace"))),
    ]);
    return new NetworkNamespace(holder);
  }

  /** Runs lines of shell there; rejects at the first that fails. */
  async shell(lines: string): Promise<void> {
    await shell(lines, this.within);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const exited = once(this.#holder, "exit");
    this.#holder.stdin.end();
    await exited;
  }
}

/** Runs lines of shell, somewhere else if need be; rejects at the first that fails. */
export async function shell(lines: string, within: readonly string[] = []): Promise<void> {
  // oxlint-disable-next-line node/no-process-env -- Debian has ip and nft in /usr/sbin
  const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
  const [command, ...args] = [...within, "sh", "-e", "-c", lines.replaceAll(/^ +/gm, "")];
  // oxlint-disable-next-line node/no-process-env -- see above
  await run(command ?? "sh", args, { env: { ...process.env, PATH } });
}

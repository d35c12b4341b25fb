import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Inbox } from "../../../support/inbox.ts";
import type { Address } from "../../../support/sip-socket.ts";

const run = promisify(execFile);

/** Something the user would have seen; keys as in the head of sipe-peer.c. */
export interface SipeEvent {
  readonly event:
    | "signed-on"
    | "message"
    | "window"
    | "transfer"
    | "mode"
    | "disconnected"
    | "dialog-box";
  readonly who?: string;
  readonly text?: string;
  readonly error?: boolean;
  readonly what?: string;
  readonly file?: string;
  readonly direction?: string;
  /** Where a received file is saved. */
  readonly path?: string;
  /** As announced. */
  readonly size?: number;
  readonly moved?: number;
  /** Bytes under `path` at that moment; -1: there is no file. */
  readonly onDisk?: number;
  readonly status?: string;
}

/** How, and from where, a client signs on. */
export interface SignOnOptions {
  /** By TLS it takes any certificate. Default "tcp". */
  readonly transport?: "tcp" | "tls";
  /**
   * The address that it believes to have, else libpurple finds one. Behind a private one (RFC 1918) it does not listen for
   * those who fetch its files, and says "Connectivity: N".
   */
  readonly claims?: string;
  /** A command that runs it somewhere else, as `ip netns exec NAME` does. */
  readonly within?: readonly string[];
}

/** A file that lies in the client's folder, whole or not. */
export interface ReceivedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Compiles the client into the folder and gives the program's path. */
export async function buildSipePeer(folder: string): Promise<string> {
  const source = fileURLToPath(new URL("sipe-peer.c", import.meta.url));
  const { stdout } = await run("pkg-config", ["--cflags", "--libs", "purple"]);
  const flags = stdout.trim().split(/\s+/);
  const program = join(folder, "sipe-peer");
  await run("gcc", ["-O1", "-Wall", "-o", program, source, ...flags]);
  return program;
}

/** pidgin-sipe as an actor: a real client of the LCS dialect that we did not write. */
export class SipePeer implements AsyncDisposable {
  readonly address: string;
  /** Resolves when its process has ended, whoever or whatever ended it. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #events: Inbox<SipeEvent> = new Inbox();

  private constructor(address: string, child: ChildProcess, folder: string) {
    this.address = address;
    this.#child = child;
    this.#folder = folder;
    this.gone = once(child, "exit").then(() => undefined);
  }

  /** Starts the program and waits until it has signed on. */
  static async signOn(
    program: string,
    address: string,
    gateway: Address,
    { transport = "tcp", claims, within = [] }: SignOnOptions = {},
  ): Promise<SipePeer> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-sipe-"));
    const server = `${gateway.address}:${gateway.port}`;
    const own = claims === undefined ? [] : [claims];
    const command = [...within, program, address, server, transport, folder, ...own];
    const child = spawn(command[0] ?? program, command.slice(1), {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const peer = new SipePeer(address, child, folder);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) peer.#events.put(JSON.parse(line) as SipeEvent);
    });
    await peer.sees("signed-on");
    return peer;
  }

  /** Writes into the conversation with that address, opening it where there is none. */
  says(to: string, text: string): void {
    this.#child.stdin?.write(`say ${to} ${text}\n`);
  }

  /** Offers a file. The address must bear its scheme: without it the client does not find its own session again. */
  offers(to: string, path: string): void {
    this.#child.stdin?.write(`offer ${to} ${path}\n`);
  }

  /** From now on offered files are taken and saved. */
  async accepts(): Promise<void> {
    await this.#chooses("accept");
  }

  /** From now on, and at the start, offered files are declined. */
  async denies(): Promise<void> {
    await this.#chooses("deny");
  }

  /** From now on nobody looks at offered files. */
  async ignores(): Promise<void> {
    await this.#chooses("ignore");
  }

  /** Gives up every transfer that is under way. */
  cancels(): void {
    this.#child.stdin?.write("cancel\n");
  }

  /** What lies in the folder where accepted files are saved, by name. */
  async receivedFiles(): Promise<readonly ReceivedFile[]> {
    const folder = join(this.#folder, "received");
    const names = (await readdir(folder)).toSorted();
    return Promise.all(
      names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
    );
  }

  /** The next step of that name in a transfer; see the head of sipe-peer.c. */
  async seesTransfer(
    what: string,
    fits: (event: SipeEvent) => boolean = () => true,
    timeoutMs?: number,
  ): Promise<SipeEvent> {
    return this.sees("transfer", (event) => event.what === what && fits(event), timeoutMs);
  }

  /** The next event of that kind that fits. */
  async sees(
    event: SipeEvent["event"],
    fits: (event: SipeEvent) => boolean = () => true,
    timeoutMs = 15_000,
  ): Promise<SipeEvent> {
    const wanted = (seen: SipeEvent): boolean => seen.event === event && fits(seen);
    try {
      return await this.#events.next(`"${event}" at ${this.address}`, wanted, timeoutMs);
    } catch (cause) {
      const { exitCode, signalCode } = this.#child;
      const state = `exit code ${exitCode}, signal ${signalCode}`;
      const last = JSON.stringify(this.#events.items.slice(-8));
      throw new Error(`${String(cause)}; ${state}; last seen: ${last}`, { cause });
    }
  }

  /** Whether its process has ended, as it does when the client crashes. */
  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Events that nobody has asked for. */
  get unseen(): readonly SipeEvent[] {
    return this.#events.items;
  }

  async #chooses(mode: "accept" | "deny" | "ignore"): Promise<void> {
    this.#child.stdin?.write(`mode ${mode}\n`);
    await this.sees("mode", (event) => event.text === mode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

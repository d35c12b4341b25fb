import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/free-port.ts";
import type { Address } from "../../support/sip-socket.ts";

/** What SIPp takes a request for. */
export interface SippReading {
  readonly contentType: string;
  readonly body: string;
}

const HOST = "127.0.0.2";
const SCENARIO = fileURLToPath(new URL("sipp-tell.xml", import.meta.url));

/** SIPp as the server behind the gateway: a reader of SIP that has nothing in common with ours. */
export class SippReader implements AsyncDisposable {
  readonly at: Address;
  readonly #dir: string;
  readonly #child: ChildProcess;

  private constructor(dir: string, at: Address, child: ChildProcess) {
    this.#dir = dir;
    this.at = at;
    this.#child = child;
  }

  static async start(): Promise<SippReader> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-sipp-"));
    const at = { address: HOST, port: await freePort(HOST) };
    const args = ["-sf", SCENARIO, "-t", "u1", "-i", HOST, "-p", String(at.port), "-nostdin"];
    const log = ["-trace_logs", "-log_file", join(dir, "log")];
    const child = spawn("sipp", [...args, ...log], { cwd: dir, stdio: "ignore" });
    await once(child, "spawn");
    return new SippReader(dir, at, child);
  }

  /** What it has read so far, by Call-ID. */
  async readings(): Promise<ReadonlyMap<string, SippReading>> {
    const log = await readFile(join(this.#dir, "log"), "latin1").catch(() => "");
    const entries = [...log.matchAll(/<<(.*?)\|(.*?)\|(.*?)>>\n/gs)];
    return new Map(
      entries.map(([, callId = "", type = "", body = ""]) => [
        callId,
        { contentType: type.trim(), body },
      ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineAddress } from "../../../src/scan/engine-connection.ts";
import { freePort } from "../../support/free-port.ts";
import { waitUntil } from "../../support/wait-until.ts";

export interface ClamdOptions {
  /** StreamMaxLength, in MiB. Default 128. */
  readonly maxMiB?: number;
  /** MaxFileSize, in MiB. Default: as long as a stream may be. */
  readonly maxFileMiB?: number;
  /** Connections that may wait in the unix socket's queue. Default 64. */
  readonly queue?: number;
  /** Streams that it is given at once, and those that wait. Default 64. */
  readonly maxQueue?: number;
  /** Seconds until it lets go of a stream that stands still. Default 30. */
  readonly readTimeoutS?: number;
  /** Reports encrypted files (AlertEncrypted…). Default true. */
  readonly alertsEncrypted?: boolean;
  /** Reports what exceeds its limits (AlertExceedsMax). Default true. */
  readonly alertsLimits?: boolean;
}

/** Found anywhere, as Sluice.Test.Marker. */
export const MARKER = "SLUICE-TEST-MALWARE-7f3a9c";

/** EICAR and the marker anywhere (in hex, so that this file is not quarantined), and the program of clamav-testfiles. */
const DATABASES: Readonly<Record<string, string>> = {
  "sluice.ndb": [
    "Sluice.Test.EICAR:0:*:58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a",
    "Sluice.Test.Marker:0:*:534c554943452d544553542d4d414c574152452d376633613963",
    "",
  ].join("\n"),
  "sluice.hdb": "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n",
};

/** A clamd of its own: folder, socket, port, databases and process. */
export class Clamd implements AsyncDisposable {
  readonly #dir: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.#port = port;
  }

  static async start(options: ClamdOptions = {}): Promise<Clamd> {
    const clamd = new Clamd(
      await mkdtemp(join(tmpdir(), "sluice-clamd-")),
      await freePort("127.0.0.1"),
    );
    await clamd.#writeFiles(options);
    await clamd.comeBack();
    return clamd;
  }

  address(kind: "unix" | "tcp" = "unix"): EngineAddress {
    return kind === "unix"
      ? { path: join(this.#dir, "clamd.sock") }
      : { host: "127.0.0.1", port: this.#port };
  }

  /** At once, as by SIGKILL: in the middle of whatever it does. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** It still takes connections, since the system does that, and answers nothing. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Resolves when the process has ended. */
  async gone(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await once(child, "exit");
  }

  /** Starts it, again at the same addresses. */
  async comeBack(): Promise<void> {
    const args = ["-F", "-c", join(this.#dir, "clamd.conf")];
    // oxlint-disable-next-line node/no-process-env -- Debian has it in /usr/sbin
    const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
    const child = spawn("clamd", args, {
      stdio: ["ignore", "pipe", "pipe"],
      // oxlint-disable-next-line node/no-process-env -- see above
      env: { ...process.env, PATH },
    });
    this.#child = child;
    let log = "";
    const keep = (chunk: Buffer): void => {
      log = (log + chunk.toString("utf8")).slice(-4000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    await waitUntil("clamd to answer", async () => {
      if (child.exitCode !== null) throw new Error(`clamd ended: ${log}`);
      return (await answers(this.address("unix"))) && (await answers(this.address("tcp")));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.gone();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #writeFiles(options: ClamdOptions): Promise<void> {
    const { maxMiB = 128, queue = 64, alertsEncrypted = true, alertsLimits = true } = options;
    const db = join(this.#dir, "db");
    const tmp = join(this.#dir, "tmp");
    await mkdir(db);
    await mkdir(tmp);
    for (const [name, text] of Object.entries(DATABASES)) await writeFile(join(db, name), text);
    const encrypted = alertsEncrypted ? "yes" : "no";
    const lines = [
      `LocalSocket ${join(this.#dir, "clamd.sock")}`,
      "FixStaleSocket yes",
      `TCPSocket ${this.#port}`,
      "TCPAddr 127.0.0.1",
      `DatabaseDirectory ${db}`,
      `TemporaryDirectory ${tmp}`,
      "Foreground yes",
      "Bytecode no",
      "SelfCheck 0",
      "MaxThreads 4",
      `MaxQueue ${options.maxQueue ?? 64}`,
      `MaxConnectionQueueLength ${queue}`,
      "CommandReadTimeout 15",
      `ReadTimeout ${options.readTimeoutS ?? 30}`,
      `StreamMaxLength ${maxMiB}M`,
      `MaxFileSize ${options.maxFileMiB ?? maxMiB}M`,
      "MaxScanSize 400M",
      "MaxRecursion 17",
      `AlertEncrypted ${encrypted}`,
      `AlertEncryptedArchive ${encrypted}`,
      `AlertExceedsMax ${alertsLimits ? "yes" : "no"}`,
    ];
    await writeFile(join(this.#dir, "clamd.conf"), `${lines.join("\n")}\n`);
  }
}

async function answers(address: EngineAddress): Promise<boolean> {
  const socket = "path" in address ? connect(address.path) : connect(address.port, address.host);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.once("close", () => resolve(text === "PONG\0"));
  socket.once("error", () => resolve(false));
  socket.write("zPING\0");
  const pong = await promise;
  socket.destroy();
  return pong;
}

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IcapAddress } from "../../../src/scan/icap-request.ts";
import { freePort } from "../../support/free-port.ts";
import { waitUntil } from "../../support/wait-until.ts";

/**
 * A c-icap of its own, with these services: `avscan` scans by clamd, but no PNG, since that is not among its types; `sized` scans so, but only
 * files up to 100 KiB; `echo` gives back what it is sent.
 */
export class CIcap implements AsyncDisposable {
  readonly #dir: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.#port = port;
  }

  /** @param clamd path of the unix socket of the clamd behind it */
  static async start(clamd: string): Promise<CIcap> {
    const server = new CIcap(
      await mkdtemp(join(tmpdir(), "sluice-icap-")),
      await freePort("127.0.0.1"),
    );
    await server.#writeFiles(clamd);
    await server.#run();
    return server;
  }

  address(service: string): IcapAddress {
    return { host: "127.0.0.1", port: this.#port, path: `/${service}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    // oxlint-disable-next-line node/no-process-env -- Debian has it in /usr/bin, others in /usr/sbin
    const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
    const child = spawn("c-icap", ["-N", "-D", "-f", join(this.#dir, "c-icap.conf")], {
      stdio: "ignore",
      // oxlint-disable-next-line node/no-process-env -- see above
      env: { ...process.env, PATH },
    });
    this.#child = child;
    await waitUntil("c-icap to listen", async () => {
      if (child.exitCode !== null) throw new Error(`c-icap ended: ${child.exitCode}`);
      return listens(this.#port);
    });
  }

  async #writeFiles(clamd: string): Promise<void> {
    const tmp = join(this.#dir, "tmp");
    await mkdir(tmp);
    const modules = moduleFolder();
    const lines = [
      `Port 127.0.0.1:${this.#port}`,
      `PidFile ${join(this.#dir, "c-icap.pid")}`,
      `CommandsSocket ${join(this.#dir, "c-icap.ctl")}`,
      `TmpDir ${tmp}`,
      `ServerLog ${join(this.#dir, "server.log")}`,
      `AccessLog ${join(this.#dir, "access.log")}`,
      `ModulesDir ${modules}`,
      `ServicesDir ${modules}`,
      "TemplateDir /usr/share/c_icap/templates/",
      "LoadMagicFile /etc/c-icap/c-icap.magic",
      "StartServers 1",
      "MaxServers 1",
      "ThreadsPerChild 12",
      "MinSpareThreads 1",
      "MaxSpareThreads 12",
      "Module common clamd_mod.so",
      `clamd_mod.ClamdSocket ${clamd}`,
      "Service echo srv_echo.so",
      "Service virus_scan virus_scan.so",
      "ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple",
      "ServiceAlias sized virus_scan?allow204=on&sizelimit=on&mode=simple",
      "virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE",
      "virus_scan.MaxObjectSize 100K",
      "virus_scan.SendPercentData 0",
      "virus_scan.PassOnError off",
      "virus_scan.DefaultEngine clamd",
    ];
    await writeFile(join(this.#dir, "c-icap.conf"), `${lines.join("\n")}\n`);
  }
}

/** The folder between is named for the machine's architecture. */
function moduleFolder(): string {
  const folders = readdirSync("/usr/lib").map((folder) => join("/usr/lib", folder, "c_icap"));
  return folders.find((folder) => existsSync(folder)) ?? "/usr/lib/c_icap";
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const is = await promise;
  socket.destroy();
  return is;
}

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateFiles } from "../../support/certificates.ts";
import { freePort } from "../../support/free-port.ts";
import type { TestTransport } from "../../support/sip-socket.ts";
import { waitUntil } from "../../support/wait-until.ts";

export interface KamailioOptions {
  /** Where it listens. Default: an address of its own on loopback. */
  readonly host?: string;
  /** Reaches clients behind NAT by the connection that they have opened. */
  readonly helpsNat?: boolean;
  /** Challenges REGISTER, MESSAGE and INVITE; every user's password is "secret". */
  readonly auth?: boolean;
  /** Stays in the path of dialogs. */
  readonly recordRoute?: boolean;
  /** Says at REGISTER what a server of 2007 says; clients of that family then speak as they did from that year on. */
  readonly ocs2007?: boolean;
  /** Listens for TLS as well: shows this certificate, and wants one of that authority from everybody. */
  readonly tls?: CertificateFiles & { readonly ca: string };
  /** It sends requests over connections that others have opened and offered (RFC 5923). */
  readonly takesAliases?: boolean;
  /** It knows no Path: it takes no notice of it, or refuses a REGISTER that has one. */
  readonly withoutPath?: "unheeded" | "refused";
  /** Another configuration than that of these tests: one that is shipped, moved to where the test takes place. */
  readonly shipped?: ShippedConfig;
}

/** A configuration file of deploy/kamailio. */
export interface ShippedConfig {
  readonly file: string;
  /** Where Kamailio listens. */
  readonly at: { readonly address: string; readonly port: number };
  /** Addresses of the file and what stands in their place. */
  readonly replace: readonly (readonly [string, string])[];
  /** Names that it asks for by `#!ifdef`. */
  readonly defines?: readonly string[];
}

/** The text of a shipped configuration with other addresses. */
export async function moved({ file, replace }: ShippedConfig): Promise<string> {
  let text = await readFile(new URL(`../../../deploy/kamailio/${file}`, import.meta.url), "utf8");
  for (const [from, to] of replace) text = text.replaceAll(from, to);
  return text;
}

/** Not the gateway's address: the two sides of the gateway differ by address, as they do in a network. */
const HOST = "127.0.0.2";

/** Kamailio as the existing SIP server for example.test; registrations live as long as the process. */
export class Kamailio implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly #dir: string;
  readonly #child: ChildProcess;
  #tlsPort: number | undefined;

  private constructor(dir: string, at: { address: string; port: number }, child: ChildProcess) {
    this.#dir = dir;
    this.host = at.address;
    this.port = at.port;
    this.#child = child;
  }

  static async start(options: KamailioOptions = {}): Promise<Kamailio> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-kamailio-"));
    const { shipped, host = HOST } = options;
    const at = shipped?.at ?? { address: host, port: await freePort(host) };
    const template = await readFile(new URL("kamailio.cfg", import.meta.url), "utf8");
    const own = template.replaceAll("@HOST@", host).replaceAll("@PORT@", String(at.port));
    const config = join(dir, "kamailio.cfg");
    const tlsPort = options.tls === undefined ? undefined : await freePort(host);
    const text = shipped === undefined ? withTls(own, options.tls, tlsPort) : await moved(shipped);
    await writeFile(config, text);
    const defines = [
      ...(shipped?.defines ?? []).flatMap((name) => ["-A", name]),
      ...(options.tls === undefined ? [] : ["-A", "WITH_TLS"]),
      ...(options.takesAliases === true ? ["-A", "WITH_ALIASES"] : []),
      ...(options.auth === true ? ["-A", "WITH_AUTH"] : []),
      ...(options.helpsNat === true ? ["-A", "WITH_NAT"] : []),
      ...(options.ocs2007 === true ? ["-A", "WITH_OCS2007"] : []),
      ...(options.withoutPath === undefined ? [] : ["-A", "WITHOUT_PATH"]),
      ...(options.withoutPath === "refused" ? ["-A", "WITH_PATH_REFUSED"] : []),
      ...(options.recordRoute === true ? ["-A", "WITH_RECORD_ROUTE"] : []),
    ];
    // -DD -E: stay in the foreground, so that this process ends it by its own process id.
    const args = ["-DD", "-E", "-f", config, "-m", "64", "-M", "8", "-w", dir, "-Y", dir];
    // oxlint-disable-next-line node/no-process-env -- Debian has it in /usr/sbin
    const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
    const child = spawn("kamailio", [...args, ...defines], {
      stdio: ["ignore", "ignore", "pipe"],
      // oxlint-disable-next-line node/no-process-env -- see above
      env: { ...process.env, PATH },
    });
    const kamailio = new Kamailio(dir, at, child);
    kamailio.#tlsPort = tlsPort;
    await kamailio.#untilListening();
    return kamailio;
  }

  /** For the gateway's `upstream`. */
  uri(transport: TestTransport): string {
    const port = transport === "tls" ? this.#tlsPort : this.port;
    return `sip:${this.host}:${port};transport=${transport}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await exited;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #untilListening(): Promise<void> {
    let log = "";
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString("utf8")).slice(-4000);
    });
    await waitUntil("Kamailio to listen", async () => {
      if (this.#child.exitCode !== null) throw new Error(`Kamailio ended: ${log}`);
      return answers(this.host, this.port);
    });
  }
}

function withTls(config: string, tls: KamailioOptions["tls"], port: number | undefined): string {
  return config
    .replaceAll("@TLS_PORT@", String(port))
    .replaceAll("@CERT@", tls?.cert ?? "")
    .replaceAll("@KEY@", tls?.key ?? "")
    .replaceAll("@CA@", tls?.ca ?? "");
}

async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const connected = await promise;
  socket.destroy();
  return connected;
}

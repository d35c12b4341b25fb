/**
 * Kamailio and Sluice at the same work, in turns, in one run:
 *
 *   npx node bench/compare.ts [udp|tcp] [RATE…]        default: udp 2000 5000
 *
 * Each proxy is pinned to core 0, the load generator (msgload.c, compiled here) to core 1. Both get the same messages at
 * the same rate; look at the ratio at one rate, not at microseconds across rates: CPU time for a message falls with load.
 * Needs Linux, gcc, kamailio, taskset, and ports of its own on 127.0.0.1 and 127.0.0.2. Kamailio runs with the fast allocator
 * (-x fm), not with Debian's default, which takes about three times as long. BENCH_SECONDS changes the 5 seconds of a point,
 * BENCH_ROUNDS the two rounds.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../test/support/free-port.ts";
import { MAIN } from "../test/support/cli.ts";
import { writeConfig } from "../test/support/write-config.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? "5");
const WARM_UP = Number(process.env["BENCH_WARM_UP"] ?? "0");
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? "2");
const PROXY_CORE = "0";
const LOAD_CORE = "1";

interface Point {
  readonly sent: number;
  readonly ok: number;
  readonly rejected: number;
  readonly lost: number;
  readonly p50_us: number;
  readonly p99_us: number;
}

interface Proxy {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

interface Site {
  readonly dir: string;
  readonly transport: string;
  readonly serverPort: number;
}

async function startKamailio(site: Site): Promise<Proxy> {
  const port = await freePort("127.0.0.1");
  const config = join(site.dir, "kamailio.cfg");
  const text = readFileSync(join(HERE, "kamailio.cfg"), "utf8")
    .replaceAll("@PORT@", String(port))
    .replaceAll("@SERVER@", String(site.serverPort))
    .replaceAll("@TRANSPORT@", site.transport);
  writeFileSync(config, text);
  const args = ["-DD", "-E", "-f", config, "-m", "1536", "-M", "16", "-x", "fm", "-X", "fm"];
  const child = pinned(["/usr/sbin/kamailio", ...args, "-Y", site.dir]);
  await delay(1500);
  return { name: "kamailio", port, child };
}

async function startSluice(site: Site): Promise<Proxy> {
  const port = await freePort("127.0.0.1");
  const config = await writeConfig(site.dir, {
    listen: [`udp://127.0.0.1:${port}`, `tcp://127.0.0.1:${port}`],
    upstream: [`sip:127.0.0.2:${site.serverPort};transport=${site.transport}`],
    // Its answers are counted as answers to the load.
    upstream_probe: "off",
    log: { level: "warn" },
  });
  // As docs/operations.md says for one CPU.
  const child = pinned([process.execPath, "--single-threaded-gc", MAIN, "run", "--config", config]);
  child.stderr?.pipe(process.stderr);
  if (child.stdout !== null) await once(child.stdout, "data");
  return { name: "sluice", port, child };
}

function pinned(command: readonly string[]): ChildProcess {
  return spawn("taskset", ["-c", PROXY_CORE, ...command], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Clock ticks of user and system time of a process and of all its children. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const own = Number(fields[11]) + Number(fields[12]);
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").trim().split(" "),
  );
  return children
    .filter((child) => child !== "")
    .reduce((sum, child) => sum + ticksOf(Number(child)), own);
}

function measure(program: string, site: Site, proxy: Proxy, rate: number, seconds: number): string {
  const pid = proxy.child.pid ?? 0;
  const before = ticksOf(pid);
  const args = [site.transport, proxy.port, site.serverPort, rate, seconds].map(String);
  let output: string;
  try {
    output = execFileSync("taskset", ["-c", LOAD_CORE, program, ...args], { encoding: "utf8" });
  } catch (error) {
    // Exit code 1: something was lost; the figures say how much.
    output = (error as { readonly stdout?: string }).stdout ?? "{}";
  }
  const point = JSON.parse(output) as Point;
  const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const cpuSeconds = (ticksOf(pid) - before) / ticksPerSecond;
  const micros = ((cpuSeconds * 1e6) / Math.max(1, point.ok + point.rejected)).toFixed(1);
  return [
    proxy.name.padEnd(9),
    site.transport,
    `rate=${rate}`,
    `ok=${point.ok}`,
    `rejected=${point.rejected}`,
    `lost=${point.lost}`,
    `p50=${point.p50_us}us`,
    `p99=${point.p99_us}us`,
    `cpu=${micros}us/message`,
  ].join("  ");
}

async function stop(proxy: Proxy): Promise<void> {
  const exited = once(proxy.child, "exit");
  proxy.child.kill("SIGTERM");
  await exited;
}

const [first, ...others] = process.argv.slice(2);
const transport = first === "tcp" ? "tcp" : "udp";
const given = (
  first === "tcp" || first === "udp" || first === undefined ? others : [first, ...others]
).map(Number);
const rates = given.length > 0 ? given : [2000, 5000];
const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
try {
  const program = join(dir, "msgload");
  execFileSync("gcc", ["-O2", "-o", program, join(HERE, "msgload.c")]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const start of [startKamailio, startSluice]) {
      const site = { dir, transport, serverPort: await freePort("127.0.0.2") };
      const proxy = await start(site);
      measure(program, site, proxy, 500, 2);
      if (WARM_UP > 0) measure(program, site, proxy, 5000, WARM_UP);
      for (const rate of rates) {
        process.stdout.write(`${measure(program, site, proxy, rate, SECONDS)}\n`);
      }
      await stop(proxy);
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

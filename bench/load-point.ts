/** What the comparisons share: a proxy pinned to one core, the load (msgload.c) on the other, and what a message costs. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const HERE: string = fileURLToPath(new URL(".", import.meta.url));
const PROXY_CORE = "0";
const LOAD_CORE = "1";

/** Seconds of a point, rounds, and seconds of 5,000/s before the first point, so that code is compiled. */
export const SECONDS: number = Number(process.env["BENCH_SECONDS"] ?? "5");
export const ROUNDS: number = Number(process.env["BENCH_ROUNDS"] ?? "2");
/** The text of every message instead of msgload's own. */
const BODY = process.env["BENCH_BODY"];
const WARM_UP = Number(process.env["BENCH_WARM_UP"] ?? "8");

/** What msgload.c says of a point. */
export interface Point {
  readonly ok: number;
  readonly rejected: number;
  readonly lost: number;
  readonly p50_us: number;
  readonly p99_us: number;
}

/** A proxy under load. */
export interface Proxy {
  readonly name: string;
  /** Where the load goes. */
  readonly port: number;
  readonly child: ChildProcess;
}

/** Where the proxy's files are, and how the load reaches it and is answered. */
export interface Site {
  readonly dir: string;
  readonly transport: "udp" | "tcp";
  readonly serverPort: number;
}

/** Compiles the load generator. */
export function buildLoad(dir: string): string {
  const program = join(dir, "msgload");
  execFileSync("gcc", ["-O2", "-o", program, join(HERE, "msgload.c")]);
  return program;
}

/** Starts a proxy on its core. */
export function pinnedProxy(command: readonly string[]): ChildProcess {
  return pinned(PROXY_CORE, command);
}

/** Starts something that belongs to the load. */
export function pinnedLoad(command: readonly string[]): ChildProcess {
  return pinned(LOAD_CORE, command);
}

function pinned(core: string, command: readonly string[]): ChildProcess {
  return spawn("taskset", ["-c", core, ...command], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Compiles what will be measured, without a figure. */
export function warmUp(program: string, site: Site, proxy: Proxy): void {
  measure(program, site, proxy, 500, 2);
  if (WARM_UP > 0) measure(program, site, proxy, 5000, WARM_UP);
}

/** One point: its line, with the CPU time of the proxy and all its children for a message and its answer. */
export function measure(
  program: string,
  site: Site,
  proxy: Proxy,
  rate: number,
  seconds: number = SECONDS,
): string {
  const pid = proxy.child.pid ?? 0;
  const before = ticksOf(pid);
  const args = [site.transport, proxy.port, site.serverPort, rate, seconds].map(String);
  if (BODY !== undefined) args.push(BODY);
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
    proxy.name.padEnd(10),
    `rate=${rate}`,
    `ok=${point.ok}`,
    `rejected=${point.rejected}`,
    `lost=${point.lost}`,
    `p50=${point.p50_us}us`,
    `p99=${point.p99_us}us`,
    `cpu=${micros}us/message`,
  ].join("  ");
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

/** Ends it, and waits until it is gone. */
export async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

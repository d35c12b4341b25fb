import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/free-port.ts";
import type { Address, TestTransport } from "../../support/sip-socket.ts";

export interface SippRun {
  /** File in this folder, without .xml. */
  readonly scenario: "sipp-send";
  readonly transport: TestTransport;
  readonly localAddress: string;
  /** Where requests go. */
  readonly remote: Address;
  readonly calls: number;
  readonly ratePerSecond?: number;
  readonly timeoutSeconds: number;
  /** [keyword] of the scenario. */
  readonly keys?: Readonly<Record<string, string>>;
}

export interface SippResult {
  /** 0: every call of the scenario succeeded. */
  readonly code: number | null;
  readonly successful: number;
  readonly failed: number;
  /** The last screen, for a failed test. */
  readonly screen: string;
}

/** Runs SIPp to the end of its calls. */
export async function runSipp(run: SippRun): Promise<SippResult> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-sipp-"));
  const scenario = fileURLToPath(new URL(`${run.scenario}.xml`, import.meta.url));
  const args = [
    `${run.remote.address}:${run.remote.port}`,
    "-sf",
    scenario,
    "-t",
    run.transport === "udp" ? "u1" : "t1",
    "-i",
    run.localAddress,
    "-p",
    String(await freePort(run.localAddress)),
    "-m",
    String(run.calls),
    "-l",
    "4000",
    "-r",
    String(run.ratePerSecond ?? 10),
    "-timeout",
    String(run.timeoutSeconds),
    "-timeout_error",
    "-nostdin",
    "-trace_stat",
    "-fd",
    "1",
    "-stf",
    join(dir, "stat.csv"),
    "-trace_err",
    "-error_file",
    join(dir, "errors.log"),
    ...Object.entries(run.keys ?? {}).flatMap(([key, value]) => ["-key", key, value]),
  ];
  try {
    const child = spawn("sipp", args, { stdio: ["ignore", "pipe", "pipe"], cwd: dir });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString("latin1")).slice(-3000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once("error", reject);
    child.once("exit", resolve);
    const code = await promise;
    const counts = await readCounts(join(dir, "stat.csv"));
    const errors = await readFile(join(dir, "errors.log"), "latin1").catch(() => "");
    const left = (await readdir(dir)).join(" ");
    return { code, ...counts, screen: `${output}\n${errors.slice(0, 1500)}\n${left}` };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function readCounts(file: string): Promise<{ successful: number; failed: number }> {
  const lines = (await readFile(file, "latin1").catch(() => "")).trim().split("\n");
  const names = (lines[0] ?? "").split(";");
  const last = (lines.at(-1) ?? "").split(";");
  const value = (name: string): number => Number(last[names.indexOf(name)] ?? "0");
  return { successful: value("SuccessfulCall(C)"), failed: value("FailedCall(C)") };
}

import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { GatewayProcess } from "./gateway-process.ts";
import type { SipClient } from "./sip-client.ts";

/** The counters as `sluice stats` tells them, by part. */
export async function statsOf(
  gateway: GatewayProcess,
): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
  const { code, stdout, stderr } = await gateway.cli("stats", "-o", "json");
  if (code !== 0) throw new Error(`stats: ${code} ${stderr}`);
  return JSON.parse(stdout) as Record<string, Record<string, number>>;
}

/** Memory of the process at its highest, in bytes (VmHWM). */
export async function peakMemoryOf(gateway: GatewayProcess): Promise<number> {
  const status = await readFile(`/proc/${gateway.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** How much the gateway's threads leave the processor to others (proc_pid_stat(5), field 19). */
export async function nicenessOf(
  gateway: GatewayProcess,
): Promise<{ readonly main: number; readonly others: readonly number[] }> {
  const tasks = `/proc/${gateway.pid}/task`;
  const niceness = async (thread: string): Promise<number> => {
    const stat = await readFile(`${tasks}/${thread}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  const others = (await readdir(tasks)).filter((thread) => thread !== String(gateway.pid));
  return {
    main: await niceness(String(gateway.pid)),
    others: await Promise.all(others.map(niceness)),
  };
}

/** What an honest user has seen: final statuses, and how long each took. */
export interface Service {
  readonly statuses: readonly number[];
  readonly p99Ms: number;
}

/** An honest user sends one MESSAGE after the other until told to stop. */
export async function keepSending(
  client: SipClient,
  signal: AbortSignal,
  pauseMs = 50,
): Promise<Service> {
  const statuses: number[] = [];
  const took: number[] = [];
  while (!signal.aborted) {
    const startedAt = performance.now();
    const answer = await client
      .sends("sip:bob@example.test", "are you there?")
      .catch(() => undefined);
    took.push(performance.now() - startedAt);
    statuses.push(answer?.status ?? 0);
    await delay(pauseMs);
  }
  took.sort((a, b) => a - b);
  return { statuses, p99Ms: took[Math.ceil(took.length * 0.99) - 1] ?? 0 };
}

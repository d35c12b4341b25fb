/**
 * Domain lists: how long a file takes to load, what it costs in memory, and what a look-up costs.
 *
 *   node --expose-gc bench/lists.ts [ENTRIES]     default 1,000,000
 *
 * It loads as the gateway does, in a worker, while this thread counts how long its own loop is held.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { ListVersion } from "../src/config/list-file.ts";
import { readListFile } from "../src/config/read-list-file.ts";
import { createListTableReader } from "../src/policy/list-table.ts";

const LIST = { type: "domain", format: "lines" } as const;
const LOOKUPS = 1_000_000;

if (isMainThread) await measure(Number(process.argv[2] ?? 1_000_000));
else {
  const read = readListFile({ ...LIST, path: workerData as string });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  parentPort?.postMessage(read);
}

async function measure(entries: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "sluice-lists-"));
  try {
    const path = join(dir, "domains.txt");
    const text = Array.from({ length: entries }, (_, index) => `${nameOf(index)}\n`).join("");
    writeFileSync(path, text);
    console.log(`${entries} domains, ${(text.length / 1e6).toFixed(1)} MB`);
    for (let round = 0; round < 3; round += 1) await load(path);
    lookUp(await load(path), entries);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Some twenty characters and two to four labels, as on public lists. */
function nameOf(index: number): string {
  const mixed = (Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(36);
  if (index % 3 === 0) return `${mixed}-bad-${index % 977}.example`;
  return index % 3 === 1
    ? `${mixed}.bad-${index % 977}.example`
    : `${mixed}.${index % 97}.bad.co.example`;
}

async function load(path: string): Promise<ListVersion> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  const spent = process.cpuUsage();
  const worker = new Worker(new URL(import.meta.url), { workerData: path });
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  const read = await new Promise<ReturnType<typeof readListFile>>((resolve, reject) => {
    worker.once("message", resolve).once("error", reject);
  });
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(spent);
  clearInterval(watch);
  delay.disable();
  await worker.terminate();
  globalThis.gc?.();
  const after = process.memoryUsage().rss;
  if (!read.ok || read.value.entries.kind !== "table") throw new Error("the list was not read");
  const { text, slots } = read.value.entries.table;
  const table = text.byteLength + slots.byteLength;
  console.log(
    `loaded in ${ms.toFixed(0)} ms (${Math.round((user + system) / 1000)} of the processor) with the start of the worker; table ${mb(table)}, ` +
      `process +${mb(peak - before)} at most, +${mb(after - before)} when the worker has ended, main loop held ${(delay.max / 1e6).toFixed(1)} ms at most`,
  );
  return read.value;
}

function lookUp({ entries }: ListVersion, count: number): void {
  if (entries.kind !== "table") return;
  const reader = createListTableReader(entries.table);
  const near = Array.from({ length: 10_007 }, (_, i) => `a.b.c.${nameOf((i * 7919) % count)}`);
  const far = Array.from({ length: 10_007 }, (_, i) => `a.b.c.host-${i}.good.example.com`);
  for (const [what, values, expected] of [
    ["hits under a.b.c.", near, true],
    ["misses", far, false],
  ] as const) {
    for (let round = 0; round < 2; round += 1) {
      let found = 0;
      const started = performance.now();
      for (let index = 0; index < LOOKUPS; index += 1) {
        if (reader.hasDomain(values[index % values.length] ?? "")) found += 1;
      }
      const us = ((performance.now() - started) * 1000) / LOOKUPS;
      if (found !== (expected ? LOOKUPS : 0)) throw new Error(`${found} found`);
      if (round === 1) console.log(`${what}: ${us.toFixed(2)} µs a look-up`);
    }
  }
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

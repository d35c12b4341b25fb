/**
 * What the way of a file costs beside what clamd takes for it: through the spool (written in pieces, hashed, made durable, read again), our own
 * look, and the engines; against a bare INSTREAM client that has the bytes in memory, and against the npm package clamscan as its
 * documentation shows it. In turns, in one run, with a clamd of its own.
 *
 *   npx node bench/scan.ts [SECONDS of a point] [ROUNDS]        default: 3 3
 *
 * Then the builtin engine alone, and a file of 2 GB through spool and builtin engine, for the memory that takes. Needs clamd.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { createUlid } from "../src/base/ulid.ts";
import { createEngines, type EngineSettings } from "../src/scan/engines.ts";
import { createLookProcess } from "../src/scan/look-process.ts";
import { createMemorySource } from "../src/scan/memory-source.ts";
import { createScanDesk } from "../src/scan/scan-desk.ts";
import type { ScanDesk, ScanSource } from "../src/scan/scan-engine.ts";
import { createSpool } from "../src/spool/create-spool.ts";
import type { HeldFile, Spool } from "../src/spool/spool.ts";
import { Clamd } from "../test/live/peers/clamd.ts";
import { bareInstream, npmClamscan, type Scanning } from "./scan-clients.ts";

const SECONDS = Number(process.argv[2] ?? "3");
const ROUNDS = Number(process.argv[3] ?? "3");
const KB = 1024;
const MB = 1024 * KB;
/** As pieces come from a socket. */
const PIECE = 64 * KB;
/** Up to here files are attachments of messages, and never on the disk. */
const IN_MEMORY = 64 * KB;

/** Bars: of the bare client's rate, and above npm clamscan everywhere. */
const SIZES = [
  { name: "1 KB", size: KB, atLeast: 0.7 },
  { name: "100 KB", size: 100 * KB, atLeast: 0.9 },
  { name: "10 MB", size: 10 * MB, atLeast: 0.9 },
  { name: "100 MB", size: 100 * MB, atLeast: 0.9 },
];

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
const spool = createSpool(
  { clock: systemClock },
  {
    dir: join(folder, "spool"),
    maxFileBytes: 4096 * MB,
    totalBytes: 8192 * MB,
    perOwnerBytes: 8192 * MB,
    perOwnerFiles: 100,
    reserveBytes: 0,
    highWater: 1,
  },
);

function deskOf(engines: readonly EngineSettings[]): ScanDesk {
  const deps = { clock: systemClock, looker: createLookProcess({ clock: systemClock }) };
  return createScanDesk(
    { ...deps, engines: createEngines(engines, { clock: systemClock }) },
    { timeoutMs: 120_000 },
  );
}

function throughSpool(into: Spool, content: Buffer): HeldFile {
  const id = createUlid(Date.now());
  const admission = into.admit({ id, size: content.length, owner: "sip:alice@corp.example" });
  if (admission.kind === "refused") throw new Error(admission.reason);
  for (let at = 0; at < content.length; at += PIECE) {
    admission.file.write(content.subarray(at, at + PIECE));
  }
  return admission.file.complete({});
}

/** The way of a file, or of an attachment, until somebody knows whether it is clean. */
function throughPipeline(desk: ScanDesk): Scanning {
  return async (content) => {
    const held = content.length > IN_MEMORY ? throughSpool(spool, content) : undefined;
    const source: ScanSource = held ?? createMemorySource(content);
    const { verdict } = await desk.scan(source);
    held?.remove();
    if (verdict.kind !== "clean") throw new Error(JSON.stringify(verdict));
  };
}

/** No two contents are the same: clamd knows again what it has seen. */
let counted = 0;

/** Scans a second. */
async function rateOf(scanning: Scanning, size: number, inFlight: number): Promise<number> {
  const contents = Array.from({ length: inFlight }, () => randomBytes(size));
  const start = performance.now();
  const end = start + SECONDS * 1000;
  let done = 0;
  await Promise.all(
    contents.map(async (content) => {
      do {
        content.writeUInt32BE((counted += 1), 0);
        await scanning(content);
        done += 1;
      } while (performance.now() < end);
    }),
  );
  return done / ((performance.now() - start) / 1000);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function compare(ways: Readonly<Record<string, Scanning>>): Promise<void> {
  const names = Object.keys(ways);
  console.log(`scans a second, median of ${ROUNDS} points of ${SECONDS} s, in turns`);
  for (const { name, size, atLeast } of SIZES) {
    // so that code is compiled
    for (const scanning of Object.values(ways)) await rateOf(scanning, size, 1);
    for (const inFlight of size > 10 * MB ? [1] : [1, 4]) {
      const rates = new Map<string, number[]>(names.map((way) => [way, []]));
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [way, scanning] of Object.entries(ways)) {
          rates.get(way)?.push(await rateOf(scanning, size, inFlight));
        }
      }
      tell(`${name}, ${inFlight} at a time`, size, rates, atLeast);
    }
  }
}

function tell(
  point: string,
  size: number,
  rates: ReadonlyMap<string, readonly number[]>,
  atLeast: number,
): void {
  const [bare = 1, ours = 0, npm = 0] = [...rates.values()].map(median);
  const cells = [...rates].map(([way, all]) => {
    const rate = median(all);
    return `${way} ${rate.toFixed(rate < 20 ? 2 : 0)} (${((rate * size) / MB).toFixed(1)} MB/s)`;
  });
  console.log(`${point.padEnd(22)}${cells.join(", ")}; ours ÷ bare ${(ours / bare).toFixed(2)}`);
  if (ours / bare < atLeast || ours < npm) {
    console.log(`MISSED: ${point}`);
    process.exitCode = 1;
  }
}

async function builtinAlone(desk: ScanDesk): Promise<void> {
  const source = createMemorySource(randomBytes(100 * MB));
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    await desk.scan(source);
    times.push(performance.now() - start);
  }
  console.log(
    `builtin engine and look, 100 MB: ${(100_000 / median(times)).toFixed(0)} MB/s (bar 300)`,
  );
}

/** Peak of this process above what it has now, which is more than "idle" of a gateway. */
async function largeFile(desk: ScanDesk): Promise<void> {
  const piece = randomBytes(PIECE);
  const idle = process.memoryUsage().rss;
  let peak = idle;
  const size = 2048 * MB;
  const admission = spool.admit({
    id: createUlid(Date.now()),
    size,
    owner: "sip:alice@corp.example",
  });
  if (admission.kind === "refused") throw new Error(admission.reason);
  const start = performance.now();
  for (let at = 0; at < size; at += PIECE) {
    piece.writeUInt32BE(at / PIECE, 0);
    admission.file.write(piece);
    if (at % (16 * MB) === 0) peak = Math.max(peak, process.memoryUsage().rss);
  }
  const held = admission.file.complete({});
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const { verdict } = await desk.scan(held);
  clearInterval(watch);
  held.remove();
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `2 GB: ${verdict.kind} after ${seconds.toFixed(1)} s; ${((peak - idle) / MB).toFixed(0)} MB above idle (bar 64)`,
  );
}

try {
  await using builtin = deskOf([{ type: "builtin" }]);
  await largeFile(builtin);
  await builtinAlone(builtin);
  await using clamd = await Clamd.start({ maxMiB: 256 });
  const address = clamd.address("unix");
  await using desk = deskOf([{ type: "clamd", client: "instream", address, required: true }]);
  await desk.test();
  await compare({
    bare: bareInstream(address),
    ours: throughPipeline(desk),
    "npm clamscan": npmClamscan(address),
  });
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * A file through the relay, end to end, beside its stages' floors and a bare program of the same stages, in one run:
 *
 *   npx node bench/transfer.ts [MEGABYTES] [ROUNDS]        default: 100 5
 *
 * Starts a gateway of its own (embedded registrar, builtin engine, shipped rules) on free ports of loopback. The peers are as cheap as
 * peers can be: what the sender writes was encrypted before, and what the receiver reads is only hashed. The time is from
 * the sender's first byte of content to the receiver's last, with the whole file spooled and scanned in between. Then ten
 * transfers at once, through a gateway that has carried none before, for the memory they take. Last MESSAGEs at a fixed rate
 * (BENCH_RATE, default 500/s; BENCH_SECONDS, BENCH_ROUNDS), alone and beside ten transfers: needs gcc.
 */
import { fork } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer, connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanBuiltin } from "../src/scan/builtin-engine.ts";
import { createChunkWriter, CHUNK_BYTES } from "../src/wire/msnftp/chunk-writer.ts";
import { FileStory } from "../test/support/file-story.ts";
import { GatewayProcess } from "../test/support/gateway-process.ts";
import { freePortRange } from "../test/support/port-range.ts";
import { talkBesideTransfers } from "./beside-transfers.ts";
import { CheapPeers, MEGABYTE, type Timed } from "./cheap-peers.ts";

const size = Number(process.argv[2] ?? "100") * MEGABYTE;
const rounds = Number(process.argv[3] ?? "5");
const peers = new CheapPeers(size);
const { content, keys, fileKeys } = peers;
const whole = Math.floor(size / CHUNK_BYTES) * CHUNK_BYTES;

function rate(ms: number): string {
  return `${(size / MEGABYTE / (ms / 1000)).toFixed(0)} MB/s`;
}

function best(name: string, run: () => void): void {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  console.log(`${name.padEnd(46)} ${rate(least).padStart(10)}`);
}

async function loopback(): Promise<void> {
  const server = createServer((socket) => socket.resume().on("end", () => socket.end()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") return;
  const start = performance.now();
  const socket = connect(address.port, "127.0.0.1");
  socket.end(content);
  socket.resume();
  await once(socket, "close");
  console.log(
    `${"loopback, one connection".padEnd(46)} ${rate(performance.now() - start).padStart(10)}`,
  );
  server.close();
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? "0") / 1024;
}

console.log(`${size / MEGABYTE} MB; stages alone, best of 3`);
best("RC4, in chunks", () => void createChunkWriter(keys).frame(content.subarray(0, whole)));
best("HMAC-SHA-1", () => void createHmac("sha1", "k").update(content).digest());
best("SHA-256", () => void createHash("sha256").update(content).digest());
best("builtin engine, in memory", () => void scanBuiltin(content, () => 0));
const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
best("write and fdatasync", () => {
  const file = openSync(join(folder, "file"), "w");
  for (let at = 0; at < size; at += 65_536)
    writeSync(file, content, at, Math.min(65_536, size - at), at);
  fdatasyncSync(file);
});
rmSync(folder, { recursive: true });
await loopback();

/** A gateway of its own, so that nothing of an earlier measurement counts as idle. */
async function startGateway(): Promise<GatewayProcess> {
  const { text } = await freePortRange(10);
  const relay = { msnftp: { ports: text }, max_file_size: "1GiB" };
  // the same content every time, and to be scanned
  return GatewayProcess.start({ relay, scan: { cache: "off" } });
}

/** The gateway and the bare program in turns; each has carried one file before. */
async function oneAfterTheOther(): Promise<void> {
  await using gateway = await startGateway();
  await using story = await FileStory.begin({ gateway: gateway.at("tcp") });
  const bareArgs = [String(size), fileKeys.encryptionKey, fileKeys.hashKey];
  const bare = fork(join(import.meta.dirname, "bare-relay.ts"), bareArgs);
  const [port] = (await once(bare, "message")) as [number];
  const bareTransfer = async (): Promise<Timed> =>
    peers.bareTransfer(port, (senderPort) => bare.send(senderPort));
  await peers.transfer(story);
  await bareTransfer();
  const times: Timed[] = [];
  const bareTimes: Timed[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push(await peers.transfer(story));
    bareTimes.push(await bareTransfer());
  }
  bare.disconnect();
  const ours = tellTimes("end to end", times);
  const theirs = tellTimes("bare program of the same stages", bareTimes);
  console.log(`  of its rate, by the medians: ${(theirs / ours).toFixed(2)}`);
}

/** Gives the median, in milliseconds. */
function tellTimes(name: string, times: Timed[]): number {
  times.sort((a, b) => a.ms - b.ms);
  const middle = times[Math.floor(times.length / 2)];
  const least = times[0];
  if (middle === undefined || least === undefined) throw new Error("no rounds");
  const first = `first byte after ${middle.firstByteMs.toFixed(0)} of ${middle.ms.toFixed(0)} ms`;
  console.log(
    `${name}, best of ${rounds}: ${rate(least.ms)}; median: ${rate(middle.ms)} (${first})`,
  );
  return middle.ms;
}

async function tenAtOnce(): Promise<void> {
  await using gateway = await startGateway();
  await using stories = new AsyncDisposableStack();
  const pairs: FileStory[] = [];
  for (let i = 0; i < 10; i += 1) {
    const names = { sender: `alice${i}`, receiver: `bob${i}` };
    pairs.push(stories.use(await FileStory.begin({ gateway: gateway.at("tcp"), ...names })));
  }
  const idle = residentMegabytes(gateway.pid);
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(gateway.pid));
  }, 20);
  const start = performance.now();
  await Promise.all(pairs.map(async (one) => peers.transfer(one)));
  const all = performance.now() - start;
  clearInterval(watch);
  console.log(`ten at once: ${((10 * size) / MEGABYTE / (all / 1000)).toFixed(0)} MB/s in all`);
  const more = (peak - idle).toFixed(0);
  console.log(
    `  memory: ${idle.toFixed(0)} MB idle, ${peak.toFixed(0)} MB at most, ${more} MB more`,
  );
}

await oneAfterTheOther();
await tenAtOnce();
console.log("MESSAGEs over UDP, alone, beside one transfer and beside ten");
await talkBesideTransfers(peers);

/**
 * A file through the relay, end to end, and its stages beside their floors, in one run:
 *
 *   npx node bench/transfer.ts [MEGABYTES] [ROUNDS]        default: 100 5
 *
 * Starts a gateway of its own (embedded registrar, builtin engine, shipped rules) on free ports of loopback. The peers are as cheap as
 * peers can be: what the sender writes was encrypted before, and what the receiver reads is only hashed. The time is from
 * the sender's first byte of content to the receiver's last, with the whole file spooled and scanned in between. Then ten
 * transfers at once, through a gateway that has carried none before, for the memory they take.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanBuiltin } from "../src/scan/builtin-engine.ts";
import { createChunkWriter, CHUNK_BYTES } from "../src/wire/msnftp/chunk-writer.ts";
import { deriveKeys } from "../src/wire/msnftp/secure-keys.ts";
import { FileStory } from "../test/support/file-story.ts";
import { GatewayProcess } from "../test/support/gateway-process.ts";
import { acceptance } from "../test/support/invitation-text.ts";
import { freshKeys, macOf } from "../test/support/msnftp-cipher.ts";
import { freePortRange } from "../test/support/port-range.ts";

const MEGABYTE = 1024 * 1024;
const size = Number(process.argv[2] ?? "100") * MEGABYTE;
const rounds = Number(process.argv[3] ?? "5");
const content = randomBytes(size);
const fileKeys = freshKeys();
const derived = deriveKeys(fileKeys.encryptionKey, fileKeys.hashKey);
if (!derived.ok) throw new Error("keys");
const keys = derived.value;
const whole = Math.floor(size / CHUNK_BYTES) * CHUNK_BYTES;
const writer = createChunkWriter(keys);
const encrypted = Buffer.concat([
  writer.frame(content.subarray(0, whole)),
  writer.frame(content.subarray(whole)),
]);
const mac = Buffer.from(`MAC ${macOf(fileKeys, content)}\0\r\n`, "latin1");

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

/** Waits for a line that begins so. */
async function line(socket: Socket, begin: string): Promise<void> {
  let text = "";
  while (!text.includes(begin)) {
    const [bytes] = (await once(socket, "data")) as [Buffer];
    text += bytes.toString("latin1");
  }
}

interface Timed {
  readonly ms: number;
  readonly firstByteMs: number;
}

/** One transfer, direct way: the sender listens, the receiver dials the relay. */
async function transfer(story: FileStory): Promise<Timed> {
  const { alice, bob } = story;
  const offer = await alice.offers({ name: "film.dat", bytes: content });
  const invitation = await bob.sees("INVITE", offer.cookie);
  await bob.accepts(invitation, fileKeys);
  await alice.sees("ACCEPT", offer.cookie);
  const server: Server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const local = server.address();
  if (local === null || typeof local === "string") throw new Error("no port");
  const started = serve(server);
  const at = { address: "127.0.0.1", port: local.port, authCookie: "123456789", internal: false };
  await alice.sendsInvitation(acceptance(offer.cookie, { at }));
  const { address } = await bob.sees("ACCEPT", offer.cookie);
  if (address === undefined) throw new Error("no address");
  const got = await receive(connect(address.port, address.address), bob.user, address.authCookie);
  if (!got.same) throw new Error("what arrived is not what was sent");
  const start = await started;
  server.close();
  return { ms: got.lastByte - start, firstByteMs: got.firstByte - start };
}

async function serve(server: Server): Promise<number> {
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.on("error", () => undefined);
  await line(socket, "VER");
  socket.write("VER MSN_SECURE_FTP\r\n");
  await line(socket, "USR");
  socket.write(`FIL ${size}\r\n`);
  await line(socket, "TFR");
  const start = performance.now();
  socket.write(encrypted);
  line(socket, "BYE").then(
    () => socket.end(mac),
    () => undefined,
  );
  return start;
}

async function receive(
  socket: Socket,
  user: string,
  cookie: string,
): Promise<{ same: boolean; firstByte: number; lastByte: number }> {
  // The gateway may close before it has read our last line.
  socket.on("error", () => undefined);
  socket.write("VER MSN_SECURE_FTP\r\n");
  await line(socket, "VER");
  socket.write(`USR ${user} ${cookie}\r\n`);
  await line(socket, "FIL");
  socket.write("TFR\r\n");
  const hash = createHash("sha256");
  let left = encrypted.length;
  let firstByte = 0;
  for await (const bytes of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (firstByte === 0) firstByte = performance.now();
    hash.update(bytes.subarray(0, left));
    left -= bytes.length;
    if (left <= 0) break;
  }
  const lastByte = performance.now();
  socket.end("BYE 16777989\r\n");
  socket.resume();
  const wanted = createHash("sha256").update(encrypted).digest("hex");
  return { same: hash.digest("hex") === wanted, firstByte, lastByte };
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
  return GatewayProcess.start({ relay });
}

async function oneAfterTheOther(): Promise<void> {
  await using gateway = await startGateway();
  await using story = await FileStory.begin({ gateway: gateway.at("tcp") });
  await transfer(story);
  const times: Timed[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await transfer(story));
  times.sort((a, b) => a.ms - b.ms);
  const middle = times[Math.floor(times.length / 2)];
  const least = times[0];
  if (middle === undefined || least === undefined) throw new Error("no rounds");
  console.log(`end to end, best of ${rounds}: ${rate(least.ms)}; median: ${rate(middle.ms)}`);
  console.log(
    `  of the median, to the receiver's first byte: ${middle.firstByteMs.toFixed(0)} of ${middle.ms.toFixed(0)} ms`,
  );
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
  await Promise.all(pairs.map(async (one) => transfer(one)));
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

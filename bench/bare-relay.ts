/**
 * What the relay does with a file, and nothing else, as a program for bench/transfer.ts to compare it with: it takes the file in
 * chunks from a sender, decrypts, authenticates and hashes it, writes it to a disk, scans it, reads it again, hashes it
 * again, encrypts it and gives it to a receiver. No SIP, no journal, no checks, no time-outs, one file at a time.
 *
 *   node bench/bare-relay.ts SIZE ENCRYPTION_KEY HASH_KEY
 *
 * Started with an IPC channel: it says the port that receivers dial, and is told the port of each sender.
 */
import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { createBuiltinEngine } from "../src/scan/builtin-engine.ts";
import { CHUNK_BYTES, createChunkWriter } from "../src/wire/msnftp/chunk-writer.ts";
import { deriveKeys } from "../src/wire/msnftp/secure-keys.ts";

const PIECE_BYTES = 32 * CHUNK_BYTES;
const READ_BYTES = 64 * 1024;
const HEADER_BYTES = 3;

const [sizeText = "", encryptionKey = "", hashKey = ""] = process.argv.slice(2);
const size = Number(sizeText);
const derived = deriveKeys(encryptionKey, hashKey);
if (!derived.ok) throw new Error("keys");
const keys = derived.value;
const engine = createBuiltinEngine({ clock: systemClock, leaveContainers: false });
const path = join(tmpdir(), `sluice-bare-${process.pid}`);

/** Decrypts, authenticates, hashes and writes what comes; tells when all of it is on the disk. */
async function take(senderPort: number, file: number): Promise<string> {
  const rc4 = keys.cipher();
  const hmac = keys.mac();
  const hash = createHash("sha256");
  const plain = Buffer.allocUnsafe(READ_BYTES);
  let written = 0;
  let headed = 0;
  let low = 0;
  let left = 0;
  const done = Promise.withResolvers<void>();
  const onBytes = (bytes: Uint8Array, count: number): void => {
    const wire = Buffer.from(bytes.buffer, bytes.byteOffset, count);
    let filled = 0;
    for (let at = 0; at < count;) {
      if (left === 0) {
        const byte = wire[at] ?? 0;
        at += 1;
        headed += 1;
        if (headed === HEADER_BYTES - 1) low = byte;
        if (headed === HEADER_BYTES) [left, headed] = [low + 256 * byte, 0];
      } else {
        const length = Math.min(left, count - at);
        rc4.apply(wire, at, plain, filled, length);
        at += length;
        filled += length;
        left -= length;
      }
    }
    const piece = plain.subarray(0, filled);
    hmac.update(piece);
    hash.update(piece);
    written += writeSync(file, piece, 0, filled, written);
    if (written === size) done.resolve();
  };
  const callback = (count: number, bytes: Uint8Array): boolean => {
    onBytes(bytes, count);
    return true;
  };
  const onread = { buffer: Buffer.allocUnsafe(READ_BYTES), callback };
  const sender = connect({ port: senderPort, host: "127.0.0.1", onread });
  await done.promise;
  sender.destroy();
  hmac.digest();
  fdatasyncSync(file);
  return hash.digest("hex");
}

async function give(receiver: Socket, file: number, sha256: string): Promise<void> {
  const writer = createChunkWriter(keys);
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let sent = 0; sent < size;) {
    const count = readSync(file, piece, 0, Math.min(PIECE_BYTES, size - sent), sent);
    const plain = piece.subarray(0, count);
    hash.update(plain);
    sent += count;
    if (!receiver.write(writer.frame(plain))) await once(receiver, "drain");
  }
  if (hash.digest("hex") !== sha256) throw new Error("the file has changed");
}

async function relay(senderPort: number, receiver: Socket): Promise<void> {
  const file = openSync(path, "w+");
  const sha256 = await take(senderPort, file);
  const read = (buffer: Buffer, position: number): number =>
    readSync(file, buffer, 0, buffer.length, position);
  const verdict = await engine.scan({ size, sha256, read }, new AbortController().signal);
  if (verdict.kind !== "clean") throw new Error(verdict.kind);
  await give(receiver, file, sha256);
  closeSync(file);
  rmSync(path);
}

const receivers: Socket[] = [];
const server = createServer((socket) => {
  // It goes as soon as it has everything.
  socket.on("error", () => undefined);
  receivers.push(socket);
});
process.on("message", (senderPort: number) => {
  const receiver = receivers.shift();
  if (receiver === undefined) throw new Error("no receiver");
  void relay(senderPort, receiver);
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => {
  const local = server.address();
  if (local !== null && typeof local === "object") process.send?.(local.port);
});

import { createHash } from "node:crypto";
import { closeSync, constants, fsyncSync, openSync, writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { CREATE_NEW } from "../spool/private-folder.ts";
import type { KeepSource } from "./quarantine.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";
import { type BodySealer, FRAME_BYTES } from "./sealed-body.ts";

/** About a MiB is read, sealed and written between two breaths of the thread. */
const FRAMES_PER_TURN = 16;

/**
 * Writes the sealed body and makes it durable. Throws what the system or the source says, and QuarantineFailed when the bytes
 * that were read are not those that the source names: too few, too many, or of another SHA-256.
 */
export async function writeBody(
  path: string,
  sealer: BodySealer,
  source: KeepSource,
): Promise<void> {
  const descriptor = openSync(path, CREATE_NEW | constants.O_WRONLY, 0o600);
  try {
    writeAll(descriptor, sealer.header);
    await writeFrames(descriptor, sealer, source);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function writeFrames(
  descriptor: number,
  sealer: BodySealer,
  source: KeepSource,
): Promise<void> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(FRAME_BYTES);
  const frames = Math.max(1, Math.ceil(source.size / FRAME_BYTES));
  for (let index = 0; index < frames; index += 1) {
    if (index > 0 && index % FRAMES_PER_TURN === 0) await setImmediate();
    const position = index * FRAME_BYTES;
    const plain = buffer.subarray(0, Math.min(FRAME_BYTES, source.size - position));
    readWhole(source, plain, position);
    hash.update(plain);
    writeAll(descriptor, sealer.sealFrame({ index, last: index === frames - 1 }, plain));
  }
  if (source.read(Buffer.alloc(1), source.size) !== 0) {
    throw new QuarantineFailed("QUARANTINE_FAILED", `the file is longer than ${source.size} bytes`);
  }
  if (hash.digest("hex") !== source.sha256) {
    throw new QuarantineFailed("QUARANTINE_FAILED", "the file is not the one that was received");
  }
}

function readWhole(source: KeepSource, target: Buffer, position: number): void {
  for (let filled = 0; filled < target.length;) {
    const count = source.read(target.subarray(filled), position + filled);
    if (count <= 0) {
      const message = `the file ends at ${position + filled} of ${source.size} bytes`;
      throw new QuarantineFailed("QUARANTINE_FAILED", message);
    }
    filled += count;
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(descriptor, bytes, written);
  }
}

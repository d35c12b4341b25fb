import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { LookBudget } from "../content/look-budget.ts";
import { TarListing } from "../content/tar-listing.ts";
import type { ScanSource } from "./scan-engine.ts";

/** About a second of unpacking; what is larger stays "partial". */
const MOST_BYTES = 256 * 1024 * 1024;
const WINDOW_BYTES = 256 * 1024;

/** The list of the members, and bytes unpacked. */
export interface GzippedTar {
  readonly names: readonly string[];
  readonly members: number;
  readonly unpackedBytes: number;
}

/**
 * Lists a gzipped tar that is too large to be unpacked in memory, in constant memory, a window at a time. Undefined: not all of it could
 * be read, it is too large, or an archive is among its members.
 */
export async function listGzippedTar(source: ScanSource): Promise<GzippedTar | undefined> {
  const listing = new TarListing(new LookBudget());
  let unpackedBytes = 0;
  const reader = new Writable({
    write(chunk: Buffer, _encoding, done) {
      unpackedBytes += chunk.length;
      listing.write(chunk);
      const isEnough = unpackedBytes > MOST_BYTES || listing.problem !== undefined;
      done(isEnough ? new Error("more than is looked at") : null);
    },
  });
  try {
    await pipeline(Readable.from(windowsOf(source)), createGunzip(), reader);
  } catch {
    return undefined;
  }
  listing.end();
  if (listing.problem !== undefined || listing.holdsArchive) return undefined;
  return { names: listing.names, members: listing.members, unpackedBytes };
}

function* windowsOf(source: ScanSource): Generator<Buffer> {
  for (let position = 0; position < source.size;) {
    const buffer = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, source.size - position));
    const read = source.read(buffer, position);
    if (read === 0) return;
    position += read;
    yield buffer.subarray(0, read);
  }
}

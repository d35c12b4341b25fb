import { createHash } from "node:crypto";
import type { ScanSource } from "./scan-engine.ts";

/** Bytes in memory as something to scan; they must not be changed while that lasts. */
export function createMemorySource(bytes: Uint8Array): ScanSource {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
    read: (buffer, position) => content.copy(buffer, 0, position),
  };
}

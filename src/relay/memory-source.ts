import { hash } from "node:crypto";
import type { ScanSource } from "../scan/scan-engine.ts";

/** Bytes in memory as something to scan and to keep; they must not change. */
export function memorySource(bytes: Uint8Array): ScanSource {
  return {
    size: bytes.length,
    sha256: hash("sha256", bytes, "hex"),
    sha1: hash("sha1", bytes, "hex"),
    read(buffer, position): number {
      const piece = bytes.subarray(position, position + buffer.length);
      buffer.set(piece);
      return piece.length;
    },
  };
}

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { KeepResult, KeepSource, QuarantineStory } from "./quarantine.ts";

export const KEY: Buffer = Buffer.alloc(32, 7);

export const STORY: QuarantineStory = {
  incident: "INC-7F3A9C21",
  callId: "a84b4c76e66710@example.com",
  from: "alice@example.com",
  to: ["bob@example.com", "carol@example.com"],
  rule: "scan.on_infected",
  name: "quarterly\u202Efdp.exe",
  threat: "Sluice.Test",
  trueType: undefined,
  scan: [
    { engine: "builtin", result: "infected", threat: "Sluice.Test", reason: undefined },
    { engine: "clamd", result: "error", threat: undefined, reason: "down" },
  ],
};

/** Bytes in memory; they are given out in pieces of an odd length, as a descriptor may. */
export function sourceOf(bytes: Buffer): KeepSource {
  return {
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    read: (buffer, position) => bytes.copy(buffer, 0, position, position + 40_009),
  };
}

/** The id of what must have been kept. */
export function idOf(result: KeepResult): string {
  if (result.kind === "not-kept") throw new Error(`not kept: ${result.reason}: ${result.detail}`);
  return result.id;
}

export async function wholeOf(pieces: AsyncIterable<Buffer> | undefined): Promise<Buffer> {
  if (pieces === undefined) throw new Error("nothing to download");
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** Every name below the folder, with slashes, in order. */
export function namesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted();
}

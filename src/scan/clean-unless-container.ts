import type { ServerAnswer } from "./scan-result.ts";
import { lookThrough } from "./look-through.ts";
import type { ScanSource } from "./scan-engine.ts";

/** What an engine calls clean that does not tell whether it could look inside: a container is not clean then. */
export async function cleanUnlessContainer(
  source: ScanSource,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const seen = await lookThrough(source, signal);
  if (seen === "aborted") return { kind: "error", reason: "timeout" };
  if (seen === "short") return { kind: "error", reason: "down" };
  if (seen.isContainer) return { kind: "unscannable", reason: "unknown-format" };
  return { kind: "clean" };
}

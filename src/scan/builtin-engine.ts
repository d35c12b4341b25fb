import { trueType } from "../content/true-type.ts";
import type { ScanResult } from "./scan-result.ts";

/**
 * The engine that is always there: no process, no signatures to update, pure and synchronous.
 *
 * Purpose: trials, and attachments inside messages (bounded by `limits.attachment`). It finds the EICAR test file and
 * says "unscannable" of every container it cannot look into, because "clean" is said only of what was seen whole.
 * It does not replace an antivirus engine: it knows no malware.
 */
export const BUILTIN_ENGINE = "builtin";

/** Threat name for the EICAR test file, as other engines spell it. */
const EICAR_THREAT = "Eicar-Test-Signature";

// Put together at run time, so that this very source is not quarantined by a scanner on the developer's machine.
const EICAR = Buffer.from(
  ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!", "$H+H*"].join(""),
  "latin1",
);

const CONTAINER_GROUPS: ReadonlySet<string> = new Set(["archive", "installer"]);

/**
 * Scans one whole file in memory.
 *
 * @param elapsedMs Reads a monotonic clock, for the record's `ms`.
 * @example scanBuiltin(Buffer.from("hello"), () => 0).kind // "clean"
 */
export function scanBuiltin(bytes: Buffer, elapsedMs: () => number): ScanResult {
  const startedAt = elapsedMs();
  const done = (): { engine: string; ms: number } => ({
    engine: BUILTIN_ENGINE,
    ms: Math.round(elapsedMs() - startedAt),
  });
  if (bytes.includes(EICAR)) return { kind: "infected", threat: EICAR_THREAT, ...done() };
  const type = trueType(bytes);
  if (type !== undefined && CONTAINER_GROUPS.has(type.group)) {
    return { kind: "unscannable", reason: "unknown-format", ...done() };
  }
  return { kind: "clean", ...done() };
}

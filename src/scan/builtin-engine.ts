import { trueType, type TrueType } from "../content/true-type.ts";
import type { ScanResult } from "./scan-result.ts";

/**
 * The engine that is always there: no process, no signatures to update, pure and synchronous.
 *
 * Purpose: trials, and attachments inside messages (bounded by `limits.attachment`). It finds the EICAR test file, calls
 * programs suspicious whatever their name, and says "unscannable" of every container it cannot look into (archives,
 * office files, PDF, disk images), because "clean" is said only of what was seen whole.
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

/** Programs by their first bytes: no signature matched, but nobody sends one in a message for a good reason. */
const PROGRAM_GROUPS: ReadonlySet<string> = new Set(["executable", "shortcut", "script"]);

/** Containers whose members it cannot see. */
const CONTAINER_GROUPS: ReadonlySet<string> = new Set([
  "archive",
  "installer",
  "disk-image",
  "office",
]);

/** A zip may begin anywhere: its readers look for the directory at the end. */
const ZIP_SIGNATURES = ["PK\x03\x04", "PK\x05\x06"].map((text) => Buffer.from(text, "latin1"));

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
  const holdsZip = ZIP_SIGNATURES.some((signature) => bytes.includes(signature));
  if (type !== undefined && PROGRAM_GROUPS.has(type.group)) {
    return { kind: "suspicious", threat: `Heuristics.Program ${type.type}`, ...done() };
  }
  if (holdsZip || (type !== undefined && isContainer(type))) {
    return { kind: "unscannable", reason: "unknown-format", ...done() };
  }
  return { kind: "clean", ...done() };
}

function isContainer(type: TrueType): boolean {
  return CONTAINER_GROUPS.has(type.group) || type.type === "application/pdf";
}

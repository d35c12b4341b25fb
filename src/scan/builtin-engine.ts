import type { Clock } from "../base/clock.ts";
import { PROGRAM_GROUPS } from "../content/inside-file.ts";
import { EICAR } from "../content/eicar.ts";
import { lookAt, lookThrough, type Look } from "./look-through.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanEngine, ScanSource } from "./scan-engine.ts";
import type { ScanResult } from "./scan-result.ts";

/**
 * The engine that is always there: no process, no signatures to update.
 *
 * Purpose: trials, attachments inside messages (`scanBuiltin`, in memory), and files of any size beside another engine. It
 * finds the EICAR test file anywhere, files of the operator's hash lists, calls programs suspicious whatever their name, and
 * says "unscannable" of every container it cannot look into (archives, office files, PDF, disk images), because "clean" is
 * said only of what was seen whole; where another engine looks into containers, it leaves them to that.
 * It does not replace an antivirus engine: it knows no malware.
 */
export const BUILTIN_ENGINE = "builtin";

/** Threat name for the EICAR test file, as other engines spell it. */
export const EICAR_THREAT = "Eicar-Test-Signature";

/** Threat name for a file of a hash list. */
const HASH_THREAT = "Hash-List";

/** Threat name for a program, by its media type. */
export function programThreat(type: string): string {
  return `Heuristics.Program ${type}`;
}

export interface BuiltinDeps {
  readonly clock: Clock;
  /** Another engine looks into containers, and a scan fails without its answer. */
  readonly leaveContainers: boolean;
  /** SHA-256 of files known to be bad, lower-case hex. */
  readonly hashes?: ReadonlySet<string>;
}

/** What is known of a file once all of it was seen. */
type Judgement =
  | { readonly kind: "clean" }
  | { readonly kind: "infected" | "suspicious"; readonly threat: string }
  | { readonly kind: "unscannable"; readonly reason: "unknown-format" };

type Outcome = Judgement | { readonly kind: "error"; readonly reason: "down" | "timeout" };

/**
 * Scans one whole file in memory.
 *
 * @param elapsedMs Reads a monotonic clock, for the record's `ms`.
 * @param hashes SHA-256 of files known to be bad, lower-case hex.
 * @example scanBuiltin(Buffer.from("hello"), () => 0).kind // "clean"
 */
export function scanBuiltin(
  bytes: Buffer,
  elapsedMs: () => number,
  hashes: ReadonlySet<string> = new Set(),
): ScanResult {
  const startedAt = elapsedMs();
  const isKnown = hashes.size > 0 && hashes.has(createMemorySource(bytes).sha256);
  const outcome: Judgement = isKnown
    ? { kind: "infected", threat: HASH_THREAT }
    : judge(lookAt(bytes), false);
  return { ...outcome, engine: BUILTIN_ENGINE, ms: Math.round(elapsedMs() - startedAt) };
}

/** The builtin engine for files of any size: reads them in windows, in constant memory. */
export function createBuiltinEngine(deps: BuiltinDeps): ScanEngine {
  const { clock, hashes } = deps;
  const known = hashes?.size ?? 0;
  const engine: ScanEngine = {
    name: BUILTIN_ENGINE,
    required: true,
    version: known === 0 ? "no signatures" : `${known} hashes`,
    async scan(source, signal) {
      const startedAt = clock.monotonicMs();
      const outcome = await look(deps, source, signal);
      const ms = Math.round(clock.monotonicMs() - startedAt);
      return { ...outcome, engine: BUILTIN_ENGINE, ms };
    },
    async probe(signal) {
      const bad = await engine.scan(createMemorySource(EICAR), signal);
      const good = await engine.scan(createMemorySource(Buffer.from("harmless")), signal);
      if (bad.kind !== "infected") return `says "${bad.kind}" of the EICAR test file`;
      return good.kind === "clean" ? undefined : `says "${good.kind}" of harmless bytes`;
    },
    // its hashes are read once, and it stays what it is for as long as anything is kept
    signatureVersion: async () => engine.version,
    async [Symbol.asyncDispose]() {
      // nothing is kept open
    },
  };
  return engine;
}

async function look(deps: BuiltinDeps, source: ScanSource, signal: AbortSignal): Promise<Outcome> {
  if (deps.hashes?.has(source.sha256) === true) return { kind: "infected", threat: HASH_THREAT };
  try {
    const seen = await lookThrough(source, signal);
    if (seen === "aborted") return { kind: "error", reason: "timeout" };
    if (seen === "short") return { kind: "error", reason: "down" };
    return judge(seen, deps.leaveContainers);
  } catch {
    return { kind: "error", reason: "down" };
  }
}

function judge({ eicar, type, isContainer }: Look, leaveContainers: boolean): Judgement {
  if (eicar) return { kind: "infected", threat: EICAR_THREAT };
  if (type !== undefined && PROGRAM_GROUPS.has(type.group)) {
    return { kind: "suspicious", threat: programThreat(type.type) };
  }
  if (isContainer && !leaveContainers) return { kind: "unscannable", reason: "unknown-format" };
  return { kind: "clean" };
}

import { trueType, type TrueType } from "../content/true-type.ts";
import type { Clock } from "../base/clock.ts";
import { findPatterns, PATTERN_OVERLAP, type FoundPatterns } from "./builtin-patterns.ts";
import { EICAR } from "./eicar.ts";
import type { HashList } from "./hash-list.ts";
import { HEAD_BYTES, readHead } from "./head-window.ts";
import { createMemorySource } from "./memory-source.ts";
import { nextTurn } from "./next-turn.ts";
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
const EICAR_THREAT = "Eicar-Test-Signature";

/** Threat name for a file of a hash list. */
const HASH_THREAT = "Hash-List";

/** Programs by their first bytes: no signature matched, but nobody sends one in a message for a good reason. */
const PROGRAM_GROUPS: ReadonlySet<string> = new Set(["executable", "shortcut", "script"]);

/** Containers whose members it cannot see. */
const CONTAINER_GROUPS: ReadonlySet<string> = new Set([
  "archive",
  "installer",
  "disk-image",
  "office",
]);

const WINDOW_BYTES = 256 * 1024;

/** After so many bytes the other work of the thread has its turn. */
const TURN_BYTES = 1024 * 1024;

export interface BuiltinDeps {
  readonly clock: Clock;
  /** Another engine looks into containers, and a scan fails without its answer. */
  readonly leaveContainers: boolean;
  readonly hashes?: HashList;
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
 * @example scanBuiltin(Buffer.from("hello"), () => 0).kind // "clean"
 */
export function scanBuiltin(bytes: Buffer, elapsedMs: () => number): ScanResult {
  const startedAt = elapsedMs();
  const found: FoundPatterns = { eicar: false, zip: false };
  findPatterns(bytes, found);
  const outcome = judge(found, trueType(bytes.subarray(0, HEAD_BYTES)), false);
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
    async [Symbol.asyncDispose]() {
      // nothing is kept open
    },
  };
  return engine;
}

async function look(deps: BuiltinDeps, source: ScanSource, signal: AbortSignal): Promise<Outcome> {
  if (deps.hashes?.has(source.sha256) === true) return { kind: "infected", threat: HASH_THREAT };
  try {
    const type = trueType(readHead(source));
    const found = await readThrough(source, signal);
    if (found === "aborted") return { kind: "error", reason: "timeout" };
    if (found === "short") return { kind: "error", reason: "down" };
    return judge(found, type, deps.leaveContainers);
  } catch {
    return { kind: "error", reason: "down" };
  }
}

/** Reads all of the file, or up to EICAR: after that nothing can change the judgement. */
async function readThrough(
  source: ScanSource,
  signal: AbortSignal,
): Promise<FoundPatterns | "short" | "aborted"> {
  const buffer = Buffer.allocUnsafe(
    PATTERN_OVERLAP + Math.min(WINDOW_BYTES, Math.max(source.size, 1)),
  );
  const found: FoundPatterns = { eicar: false, zip: false };
  let kept = 0;
  let turnAt = TURN_BYTES;
  for (let position = 0; position < source.size && !found.eicar;) {
    if (signal.aborted) return "aborted";
    const wanted = Math.min(WINDOW_BYTES, source.size - position);
    const length = source.read(buffer.subarray(kept, kept + wanted), position);
    if (length === 0) return "short";
    const window = buffer.subarray(0, kept + length);
    findPatterns(window, found);
    kept = Math.min(PATTERN_OVERLAP, window.length);
    buffer.copyWithin(0, window.length - kept, window.length);
    position += length;
    if (position < turnAt) continue;
    turnAt = position + TURN_BYTES;
    await nextTurn();
  }
  return signal.aborted ? "aborted" : found;
}

function judge(
  found: FoundPatterns,
  type: TrueType | undefined,
  leaveContainers: boolean,
): Judgement {
  if (found.eicar) return { kind: "infected", threat: EICAR_THREAT };
  if (type !== undefined && PROGRAM_GROUPS.has(type.group)) {
    return { kind: "suspicious", threat: `Heuristics.Program ${type.type}` };
  }
  const isContainer = found.zip || (type !== undefined && isContainerType(type));
  if (isContainer && !leaveContainers) return { kind: "unscannable", reason: "unknown-format" };
  return { kind: "clean" };
}

function isContainerType(type: TrueType): boolean {
  return CONTAINER_GROUPS.has(type.group) || type.type === "application/pdf";
}

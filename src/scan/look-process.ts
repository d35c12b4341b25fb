import { failed, ok, type Result } from "../base/result.ts";
import { workerEntry } from "../base/worker-entry.ts";
import { startPiped, type ProcessDeps, type ProcessFailure } from "./asked-process.ts";
import type { SourceLook } from "./look-at-source.ts";
import { FIRST_BYTES, LOOK_ANSWERS, MAX_PIECE_BYTES, type LookAnswer } from "./look-messages.ts";
import { frameOf } from "./process-frames.ts";
import { ProcessPool } from "./process-pool.ts";
import type { ScanSource } from "./scan-engine.ts";
import type { ScanErrorReason } from "./scan-result.ts";

/** Why there is no look. "unreadable": the file cannot be read; then no engine can read it either. */
export type LookFailure = ScanErrorReason | "unreadable";

/** Looks into files. */
export interface Looker extends Disposable {
  /**
   * Never rejects, and takes no longer than the signal lets it.
   *
   * @param owner whose file it is; the files of one owner do not keep those of others waiting. Absent: nobody's who has others
   */
  look(
    source: ScanSource,
    signal: AbortSignal,
    owner?: string,
  ): Promise<Result<SourceLook, LookFailure>>;
  /** Numbers of its processes, for tests and for an operator. */
  readonly pids: readonly number[];
}

/** So that one file, and one sender, does not hold up all others. */
const MAX_PROCESSES = 2;

/** More than a look takes on a machine with something else to do: it gives up by itself after ten seconds of work. */
const DEADLINE_MS = 20_000;

const MAX_RESIDENT_BYTES = 384 * 1024 * 1024;
const KEEP_RESIDENT_BYTES = 192 * 1024 * 1024;

/** All that are kept may have been ended from outside at once; a new one ends by itself. */
const MAX_TRIES: number = MAX_PROCESSES + 1;

/** Looks into files in processes of their own. None is started before it is needed. */
export function createLookProcess(deps: ProcessDeps): Looker {
  const pool = new ProcessPool<LookAnswer, undefined>(
    { ...deps, start: deps.start ?? startLookChild },
    {
      maxProcesses: MAX_PROCESSES,
      maxResidentBytes: MAX_RESIDENT_BYTES,
      keepResidentBytes: KEEP_RESIDENT_BYTES,
      answers: LOOK_ANSWERS,
      prepare: async () => ok(undefined),
    },
  );
  return {
    get pids() {
      return pool.pids;
    },
    async look(source, signal, owner) {
      for (let left = MAX_TRIES; ; left -= 1) {
        const looked = await lookOnce(pool, { source, owner }, signal);
        if (looked.ok) return looked;
        if (looked.problem !== "gone" || left === 1) return failed(REASONS[looked.problem]);
      }
    },
    [Symbol.dispose]: () => pool.close(),
  };
}

async function lookOnce(
  pool: ProcessPool<LookAnswer, undefined>,
  { source, owner }: { readonly source: ScanSource; readonly owner: string | undefined },
  signal: AbortSignal,
): Promise<Result<SourceLook, ProcessFailure | "none">> {
  const taken = await pool.take(signal, owner);
  if (!taken.ok) return failed(signal.aborted ? "aborted" : "none");
  let residentBytes = 0;
  try {
    const answer = await taken.value.process.ask({
      question: { size: source.size, sha256: source.sha256 },
      bytes: firstPiece(source),
      more: (asked) => (asked.kind === "read" ? pieceOf(source, asked) : undefined),
      deadlineMs: DEADLINE_MS,
      signal,
    });
    if (!answer.ok) return answer;
    const said = answer.value;
    if (said.kind !== "looked" || said.look.content.sha256 !== source.sha256) {
      taken.value.process.end();
      return failed("garbled");
    }
    ({ residentBytes } = said);
    return ok(said.look);
  } finally {
    pool.giveBack(taken.value, residentBytes);
  }
}

/** When it is asked for, and not before: what cannot be read is told to whoever sends it. */
function* firstPiece(source: ScanSource): Generator<Buffer> {
  yield frameOf(pieceOf(source, { start: 0, length: FIRST_BYTES }));
}

/** Throws when it cannot be read, or ends before its size. */
function pieceOf(source: ScanSource, asked: { readonly start: number; readonly length: number }) {
  const length = Math.min(asked.length, MAX_PIECE_BYTES, source.size - asked.start);
  if (asked.start < 0 || length <= 0) return Buffer.alloc(0);
  const piece = Buffer.allocUnsafe(length);
  const read = source.read(piece, asked.start);
  if (read === 0) throw new Error("the file ended before its size");
  return piece.subarray(0, read);
}

const REASONS: Readonly<Record<ProcessFailure | "none", LookFailure>> = {
  aborted: "timeout",
  timeout: "timeout",
  memory: "overloaded",
  gone: "down",
  garbled: "bad-reply",
  source: "unreadable",
  none: "down",
};

function startLookChild() {
  return startPiped(workerEntry(import.meta.url, "look-child"));
}

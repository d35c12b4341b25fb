import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { ProcessDeps, ProcessFailure } from "./asked-process.ts";
import { cleanUnlessContainer } from "./clean-unless-container.ts";
import { createMemorySource } from "./memory-source.ts";
import type { EngineReload, PingAnswer, ScanEngine, ScanSource } from "./scan-engine.ts";
import type { ScanErrorReason, ScanResult, ServerAnswer } from "./scan-result.ts";
import { ScanSlots } from "./scan-slots.ts";
import type { YaraMatch, YaraSource } from "./yara-messages.ts";
import { readPart, yaraParts, type YaraPart } from "./yara-parts.ts";
import { YaraPool, type ReadyYara, type YaraStartProblem } from "./yara-pool.ts";
import { isProbeMatch, yaraProblemText, yaraRules } from "./yara-rules.ts";

/**
 * The operator's YARA rules as an engine.
 *
 * The rules work in processes of their own, which are ended when one takes too long, takes too much memory or dies; the file that it was
 * busy with is then an error, and the next one has a new process. A file of up to 32 MiB is seen whole; of a larger one 8 MiB from its
 * beginning and 1 MiB from its end, and where no rule matches there it is "unscannable". YARA does not unpack: like the builtin
 * engine it calls containers unscannable, unless another engine looks into them.
 */
export const YARA_ENGINE = "yara";

export interface YaraDeps extends ProcessDeps {
  readonly clock: Clock;
  /** Reads the files of rules; the problems are sentences. */
  readonly readRules: () => Result<readonly YaraSource[], readonly string[]>;
}

export interface YaraOptions {
  readonly required: boolean;
  /** Another engine looks into containers, and a scan fails without its answer. */
  readonly leaveContainers: boolean;
  /** Scans at once, each in a process of its own. Default 2. */
  readonly maxScans?: number;
  /** Scans that may wait for one of those. Default 64. */
  readonly maxWaiting?: number;
}

const MAX_SCANS = 2;
/** A probe need not wait for the files. */
const SPARE_PROCESSES = 1;
const MAX_WAITING = 64;
/** Of one file: so long, and a second for every so many bytes. */
const DEADLINE_MS = 10_000;
const BYTES_PER_MS = 5000;

/** A file that has ended its process is not tried again and again. */
const REMEMBER_MS = 600_000;
const MAX_REMEMBERED = 256;
/** A process may be ended from outside, once. */
const MAX_CRASHES = 2;

/** An engine whose processes can be named. */
export interface YaraEngine extends ScanEngine {
  readonly pids: readonly number[];
  reload(isTrial: boolean): Promise<EngineReload>;
}

/** Reads the rules now, and starts no process before it is asked something. */
export function createYaraEngine(deps: YaraDeps, options: YaraOptions): YaraEngine {
  return new Yara(deps, options);
}

/** "none": there was no process to ask. */
type LookFailure = ProcessFailure | "none";

interface Trouble {
  readonly reason: ScanErrorReason;
  readonly times: number;
}

class Yara implements YaraEngine {
  readonly name = YARA_ENGINE;
  readonly required: boolean;
  version = "";
  readonly #deps: YaraDeps;
  readonly #options: YaraOptions;
  readonly #slots: ScanSlots;
  readonly #disposal = new AbortController();
  readonly #troubles: ExpiringMap<Trouble>;
  /** The problem: why there are no rules. */
  #pool: Result<YaraPool, string>;

  constructor(deps: YaraDeps, options: YaraOptions) {
    this.required = options.required;
    this.#deps = deps;
    this.#options = options;
    this.#slots = new ScanSlots(options.maxScans ?? MAX_SCANS, options.maxWaiting ?? MAX_WAITING);
    this.#troubles = new ExpiringMap(deps.clock, {
      ttlMs: REMEMBER_MS,
      maxEntries: MAX_REMEMBERED,
    });
    const read = deps.readRules();
    this.#pool = read.ok ? ok(this.#poolOf(read.value)) : failed(read.problem.join("; "));
  }

  get pids(): readonly number[] {
    return this.#pool.ok ? this.#pool.value.pids : [];
  }

  async scan(source: ScanSource, signal: AbortSignal): Promise<ScanResult> {
    const startedAt = this.#deps.clock.monotonicMs();
    const outcome = await this.#inTurn(source, AbortSignal.any([signal, this.#disposal.signal]));
    const ms = Math.round(this.#deps.clock.monotonicMs() - startedAt);
    return { ...outcome, engine: this.name, ms };
  }

  /** By a rule of our own beside those of the operator: what they find is theirs to know. */
  async probe(signal: AbortSignal): Promise<string | undefined> {
    if (!this.#pool.ok) return this.#pool.problem;
    const pool = this.#pool.value;
    const either = AbortSignal.any([signal, this.#disposal.signal]);
    const started = await this.#take(pool, either);
    if (!started.ok) return startText(started.problem);
    pool.giveBack(started.value, 0);
    return this.#test(pool, either);
  }

  /** A process that hangs is found by its deadline, and no other waits for it. */
  async ping(): Promise<PingAnswer> {
    return ok("there");
  }

  async reload(isTrial: boolean): Promise<EngineReload> {
    const read = this.#deps.readRules();
    if (!read.ok) return { ok: false, problems: read.problem };
    const pool = this.#poolOf(read.value);
    const started = await this.#take(pool, this.#disposal.signal);
    if (!started.ok) {
      pool.close();
      const { problem } = started;
      const problems = typeof problem === "string" ? [problem] : problem.map(yaraProblemText);
      return { ok: false, problems };
    }
    const problems = started.value.readiness.problems.map(yaraProblemText);
    pool.giveBack(started.value, 0);
    const problem = await this.#test(pool, this.#disposal.signal);
    if (isTrial || problem !== undefined) pool.close();
    else this.#use(pool, started.value);
    return problem === undefined ? { ok: true, problems } : { ok: false, problems: [problem] };
  }

  async signatureVersion(): Promise<string | undefined> {
    return this.#pool.ok ? this.#pool.value.rules.name : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    this.#troubles.clear();
    if (this.#pool.ok) this.#pool.value.close();
  }

  /** Undefined: these rules find the probe, and nothing in harmless bytes. */
  async #test(pool: YaraPool, signal: AbortSignal): Promise<string | undefined> {
    const bad = await this.#look(pool, createMemorySource(pool.rules.probe), signal);
    if (!bad.ok) return `fails at the probe: ${bad.problem}`;
    if (!bad.value.some(isProbeMatch)) return "does not find the probe";
    const harmless = createMemorySource(Buffer.from("harmless"));
    const good = await this.#look(pool, harmless, signal);
    if (!good.ok) return `fails at harmless bytes: ${good.problem}`;
    const rule = good.value[0];
    return rule === undefined ? undefined : `${rule.file}: ${rule.rule} matches harmless bytes`;
  }

  #poolOf(sources: readonly YaraSource[]): YaraPool {
    const maxProcesses = (this.#options.maxScans ?? MAX_SCANS) + SPARE_PROCESSES;
    return new YaraPool(this.#deps, yaraRules(sources), maxProcesses);
  }

  #use(pool: YaraPool, ready: ReadyYara): void {
    if (this.#pool.ok) this.#pool.value.retire();
    this.#pool = ok(pool);
    this.version = nameOf(ready, pool);
    this.#troubles.clear();
  }

  async #inTurn(source: ScanSource, signal: AbortSignal): Promise<ServerAnswer> {
    if (!this.#pool.ok) return { kind: "error", reason: "down" };
    const known = this.#troubles.get(source.sha256);
    if (known !== undefined && known.times >= MAX_CRASHES) {
      return { kind: "error", reason: known.reason };
    }
    if (!(await this.#slots.take(signal))) {
      return { kind: "error", reason: signal.aborted ? "timeout" : "overloaded" };
    }
    try {
      return await this.#outcome(this.#pool.value, source, signal);
    } catch {
      // the source could not be read
      return { kind: "error", reason: "down" };
    } finally {
      this.#slots.release();
    }
  }

  async #outcome(pool: YaraPool, source: ScanSource, signal: AbortSignal): Promise<ServerAnswer> {
    const seen = await this.#look(pool, source, signal);
    if (!seen.ok) return { kind: "error", reason: this.#reasonOf(seen.problem, source) };
    const matches = seen.value.filter((match) => !isProbeMatch(match));
    const worst = matches.find(({ suspicious }) => !suspicious) ?? matches[0];
    if (worst !== undefined) {
      return { kind: worst.suspicious ? "suspicious" : "infected", threat: worst.rule };
    }
    if (yaraParts(source.size).length > 1) return { kind: "unscannable", reason: "partial" };
    // what no rule matched may hold what no rule saw
    return this.#options.leaveContainers ? { kind: "clean" } : cleanUnlessContainer(source, signal);
  }

  /** What matches, in all parts of the file. */
  async #look(
    pool: YaraPool,
    source: ScanSource,
    signal: AbortSignal,
  ): Promise<Result<readonly YaraMatch[], LookFailure>> {
    const started = await this.#take(pool, signal);
    if (!started.ok) return failed(signal.aborted ? "aborted" : "none");
    const ready = started.value;
    const all: YaraMatch[] = [];
    let residentBytes = 0;
    try {
      for (const part of yaraParts(source.size)) {
        const answer = await ready.process.ask(taskOf(source, part, signal));
        if (!answer.ok) return answer;
        if (answer.value.kind !== "scanned") return failed("garbled");
        all.push(...answer.value.matches);
        ({ residentBytes } = answer.value);
      }
      return ok(all);
    } finally {
      pool.giveBack(ready, residentBytes);
    }
  }

  async #take(pool: YaraPool, signal: AbortSignal): ReturnType<YaraPool["take"]> {
    const taken = await pool.take(signal);
    const isInForce = this.#pool.ok && this.#pool.value === pool;
    if (taken.ok && isInForce) this.version = nameOf(taken.value, pool);
    return taken;
  }

  #reasonOf(failure: LookFailure, { sha256 }: ScanSource): ScanErrorReason {
    const reason = REASONS[failure];
    // Not the file's fault, or nothing to know it by.
    if (["aborted", "source", "none"].includes(failure) || sha256 === "") return reason;
    const times = failure === "gone" || failure === "garbled" ? 1 : MAX_CRASHES;
    const before = this.#troubles.get(sha256)?.times ?? 0;
    this.#troubles.set(sha256, { reason: CALM[reason] ?? reason, times: before + times });
    return reason;
  }
}

const REASONS: Readonly<Record<LookFailure, ScanErrorReason>> = {
  aborted: "timeout",
  timeout: "timeout",
  memory: "overloaded",
  gone: "down",
  garbled: "bad-reply",
  source: "down",
  none: "down",
};

/** Said of a file that is not tried any more: the engine itself is well, and must not count as failing. */
const CALM: Readonly<Partial<Record<ScanErrorReason, ScanErrorReason>>> = {
  down: "overloaded",
  "bad-reply": "overloaded",
};

function nameOf({ readiness: { version } }: ReadyYara, { rules }: YaraPool): string {
  return `YARA-X ${version}, ${rules.name}`;
}

function startText(problem: YaraStartProblem): string {
  if (typeof problem === "string") return problem;
  const [first, ...more] = problem.filter(({ severity }) => severity === "error");
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  return first === undefined ? "no rules" : `${yaraProblemText(first)}${others}`;
}

function taskOf(source: ScanSource, part: YaraPart, signal: AbortSignal) {
  return {
    question: { kind: "scan", size: part.size } as const,
    bytes: readPart(source, part),
    deadlineMs: DEADLINE_MS + Math.ceil(part.size / BYTES_PER_MS),
    signal,
  };
}

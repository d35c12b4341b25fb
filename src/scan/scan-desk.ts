import type { Clock } from "../base/clock.ts";
import { askEngines } from "./ask-engines.ts";
import { createCheckedSource, type CheckedSource } from "./checked-source.ts";
import { combineResults, type Combination, type EngineAnswer } from "./combine-results.ts";
import { EngineWatch } from "./engine-watch.ts";
import { KeptAnswers, NOTHING_KEPT } from "./kept-answers.ts";
import { withLook } from "./with-look.ts";
import type { Looker } from "./look-process.ts";
import type { EngineStatus, ScanDesk, ScanEngine, ScanReport, ScanSource } from "./scan-engine.ts";
import { isFinding } from "./scan-result.ts";

/**
 * Scanning: the engines are asked about a complete file, until the deadline, and their answers become one.
 *
 * Fail closed (DESIGN invariant 4): "clean" comes only from engines that answered; what failed is `error`, for the configured
 * road `scan.on_error`. What nobody could look into (encrypted, broken, made to unpack without end) is "unscannable", whatever an
 * engine says: that look is taken at each file, also where the engines' answers are those kept of the same content.
 * What it does not do: decide what becomes of the file (rules, `scan.on_*`).
 */
export interface ScanDeskDeps {
  readonly clock: Clock;
  /** In the order of the configuration; the desk disposes of them. */
  readonly engines: readonly ScanEngine[];
  /** An engine went up or down, or warns of something else, for the logs. */
  readonly onChange?: (status: EngineStatus) => void;
  /** Looks into files; the desk disposes of it. */
  readonly looker: Looker;
}

export interface ScanDeskOptions {
  /** `scan.timeout`: the most that one file may take. */
  readonly timeoutMs: number;
  /** `scan.combine`; absent: worst. */
  readonly combination?: Combination;
  /** `scan.cache`: how long answers are kept, and of how many contents; absent: not at all. */
  readonly cache?: CacheSettings | undefined;
}

export interface CacheSettings {
  /** Of content that is clean, or that an engine could not look into. */
  readonly cleanMs: number;
  /** Of content in which something was found. */
  readonly infectedMs: number;
  readonly entries: number;
}

/** Begins to probe the engines in the background. */
export function createScanDesk(deps: ScanDeskDeps, options: ScanDeskOptions): ScanDesk {
  return new EngineDesk(deps, options);
}

class EngineDesk implements ScanDesk {
  readonly #clock: Clock;
  readonly #watches: readonly EngineWatch[];
  readonly #timeoutMs: number;
  readonly #combination: Combination;
  readonly #kept: KeptAnswers | undefined;
  readonly #looker: Looker;

  constructor({ clock, engines, onChange, looker }: ScanDeskDeps, options: ScanDeskOptions) {
    this.#clock = clock;
    this.#looker = looker;
    this.#timeoutMs = options.timeoutMs;
    this.#combination = options.combination ?? "worst";
    this.#kept = options.cache && this.#createCache(options.cache);
    const changed = (status: EngineStatus): void => {
      // it may have come back with other signatures or settings
      this.#kept?.clear();
      onChange?.(status);
    };
    this.#watches = engines.map((engine) => new EngineWatch({ clock, onChange: changed }, engine));
    void this.#probeAll();
  }

  get counts(): ScanDesk["counts"] {
    return this.#kept?.counts ?? NOTHING_KEPT;
  }

  async scan(given: ScanSource, withinMs = Infinity, owner?: string): Promise<ScanReport> {
    const source = createCheckedSource(given);
    const timeoutMs = Math.min(this.#timeoutMs, withinMs);
    const endsAt = this.#clock.monotonicMs() + timeoutMs;
    const looked = await this.#look(source, timeoutMs, owner);
    const leftMs = Math.max(0, endsAt - this.#clock.monotonicMs());
    const answers = await (this.#kept?.answersFor(source, leftMs) ?? this.#ask(source, leftMs));
    const all = withLook(answers, looked);
    const look = looked.ok ? looked.value : undefined;
    const verdict = combineResults(all, this.#combination);
    const isDoubtful = source.broken && verdict.kind === "clean";
    return {
      // whoever called it clean cannot have seen what could not be read
      verdict: isDoubtful ? { ...verdict, kind: "error", reason: "down" } : verdict,
      results: all.map(({ result }) => result),
      trueType: look?.content.types[0]?.type,
      content: look && { ...look.content, sha1: given.sha1 },
    };
  }

  status(): readonly EngineStatus[] {
    return this.#watches.map((watch) => watch.status);
  }

  async test(): Promise<readonly EngineStatus[]> {
    await this.#probeAll();
    this.#kept?.clear();
    return this.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#looker[Symbol.dispose]();
    await Promise.all(this.#watches.map(async (watch) => watch[Symbol.asyncDispose]()));
  }

  async #look(
    source: CheckedSource,
    timeoutMs: number,
    owner: string | undefined,
  ): Promise<Awaited<ReturnType<Looker["look"]>>> {
    const outOfTime = new AbortController();
    const deadline = this.#clock.schedule(timeoutMs, () => outOfTime.abort());
    const looked = await this.#looker.look(source, outOfTime.signal, owner);
    deadline.cancel();
    return looked;
  }

  async #probeAll(): Promise<void> {
    await Promise.all(this.#watches.map(async (watch) => watch.probe()));
  }

  async #ask(source: CheckedSource, timeoutMs: number): Promise<readonly EngineAnswer[]> {
    const asking = { clock: this.#clock, combination: this.#combination, timeoutMs };
    return askEngines(this.#watches, source, asking);
  }

  #createCache({ cleanMs, infectedMs, entries }: CacheSettings): KeptAnswers {
    const verdictOf = (answers: readonly EngineAnswer[]) =>
      combineResults(answers, this.#combination);
    return new KeptAnswers(
      {
        clock: this.#clock,
        ask: async (source, timeoutMs) => this.#ask(source, timeoutMs),
        askVersions: async () => this.#askVersions(),
        lifetimeMs(answers) {
          if (answers.some(({ result }) => result.kind === "error")) return undefined;
          return isFinding(verdictOf(answers)) ? infectedMs : cleanMs;
        },
        hasFailed: (answers) => verdictOf(answers).kind === "error",
      },
      entries,
    );
  }

  async #askVersions(): Promise<string | undefined> {
    const versions = await Promise.all(
      this.#watches.map(async (watch) => watch.signatureVersion()),
    );
    return versions.includes(undefined) ? undefined : JSON.stringify(versions);
  }
}

import type { Clock } from "../base/clock.ts";
import type { CheckedSource } from "./checked-source.ts";
import type { EngineAnswer } from "./combine-results.ts";
import { ResultCache } from "./result-cache.ts";

/** What the engines said of one content. */
type Answers = readonly EngineAnswer[];

/** How a scan ended that others may have waited for. */
interface Outcome {
  readonly answers: Answers;
  /** Nobody else can rely on it: it failed, or its file could not be read. */
  readonly isOwn: boolean;
}

export interface KeptAnswersDeps {
  readonly clock: Clock;
  /** Asks the engines, for so long at most. Never rejects. */
  readonly ask: (source: CheckedSource, timeoutMs: number) => Promise<Answers>;
  /** What results of all engines hang on, asked of them now; undefined: one of them does not know. Never rejects. */
  readonly askVersions: () => Promise<string | undefined>;
  /** How long such answers are kept, milliseconds; undefined: not at all. */
  readonly lifetimeMs: (answers: Answers) => number | undefined;
  /** The scan has failed: whoever waited for it asks for himself. */
  readonly hasFailed: (answers: Answers) => boolean;
}

/** For `sluice stats`; since the start, but `entries`, which is now. */
export interface CacheCounts {
  /** Files that were not scanned again, because the answers were kept. */
  readonly hits: number;
  /** Files that were scanned. */
  readonly misses: number;
  /** Files that waited for the scan of another with the same content. */
  readonly shared: number;
  readonly entries: number;
  /** How often it was emptied, because signatures changed or an engine came or went. */
  readonly emptied: number;
}

/** An engine that does not know its version is asked again after so long: it costs each scan a question. */
const UNKNOWN_MS = 10_000;

/**
 * Asks the engines once for one content, however many files have it: at the same time (one scan, many that wait), or within the time
 * that answers are kept. The key is SHA-256 and size; the answers are those of engines in one state of their signatures.
 *
 * Before kept answers are given out the engines are asked for their signature versions. If one has another, everything kept is
 * thrown away; if one does not know its own, or does not say, the file is scanned. A miss asks nothing: what is kept then is
 * at worst newer than the version it stands under, and goes with it.
 */
export class KeptAnswers {
  readonly #deps: KeptAnswersDeps;
  readonly #cache: ResultCache;
  readonly #running = new Map<string, Promise<Outcome>>();
  /** Under which the kept answers were given; undefined: not known. */
  #versions: string | undefined;
  /** On the monotonic clock; before, nobody is asked for a version to keep results under. */
  #askAgainAtMs = 0;
  /** Of the cache since it was emptied last: what began before is not kept. */
  #age = 0;
  #hits = 0;
  #misses = 0;
  #shared = 0;

  constructor(deps: KeptAnswersDeps, maxEntries: number) {
    this.#deps = deps;
    this.#cache = new ResultCache(deps.clock, maxEntries);
  }

  get counts(): CacheCounts {
    const { size: entries } = this.#cache;
    const [hits, misses, shared] = [this.#hits, this.#misses, this.#shared];
    return { hits, misses, shared, entries, emptied: this.#age };
  }

  /** Throws away what is kept; scans that run are not kept either. */
  clear(): void {
    this.#cache.clear();
    this.#versions = undefined;
    this.#askAgainAtMs = 0;
    this.#age += 1;
  }

  /** Never rejects. */
  async answersFor(source: CheckedSource, timeoutMs: number): Promise<Answers> {
    const { clock } = this.#deps;
    const endsAtMs = clock.monotonicMs() + timeoutMs;
    const key = `${source.sha256} ${source.size}`;
    for (;;) {
      const running = this.#running.get(key);
      if (running === undefined) return (await this.#begin(key, source, endsAtMs)).answers;
      const { answers, isOwn } = await running;
      // Whose scan it was may have gone away with its file, or have come when an engine was down. Of those that waited, the one that
      // came first goes on first, and its time is over first.
      if (isOwn) continue;
      this.#shared += 1;
      return answers;
    }
  }

  async #begin(key: string, source: CheckedSource, endsAtMs: number): Promise<Outcome> {
    const running = this.#keptOrNew(key, source, endsAtMs).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }

  async #keptOrNew(key: string, source: CheckedSource, endsAtMs: number): Promise<Outcome> {
    const { clock, ask, lifetimeMs, hasFailed } = this.#deps;
    const kept = await this.#kept(key);
    if (kept !== undefined) {
      this.#hits += 1;
      return { answers: kept, isOwn: false };
    }
    this.#misses += 1;
    const isKnown = this.#versions !== undefined || (await this.#learn());
    const age = this.#age;
    const answers = await ask(source, Math.max(0, endsAtMs - clock.monotonicMs()));
    const keepMs = source.broken ? undefined : lifetimeMs(answers);
    if (isKnown && age === this.#age && keepMs !== undefined) {
      this.#cache.keep(key, answers.map(atNoCost), keepMs);
    }
    return { answers, isOwn: source.broken || hasFailed(answers) };
  }

  async #kept(key: string): Promise<Answers | undefined> {
    if (this.#cache.find(key) === undefined) return undefined;
    return (await this.#renew()) ? this.#cache.find(key) : undefined;
  }

  async #learn(): Promise<boolean> {
    const { clock } = this.#deps;
    if (clock.monotonicMs() < this.#askAgainAtMs) return false;
    const age = this.#age;
    const isKnown = await this.#renew();
    if (!isKnown && age === this.#age) this.#askAgainAtMs = clock.monotonicMs() + UNKNOWN_MS;
    return isKnown;
  }

  /** True: the versions are known, and what is kept stands under them. */
  async #renew(): Promise<boolean> {
    const age = this.#age;
    const versions = await this.#deps.askVersions();
    // emptied meanwhile: what they said may be of before
    if (versions === undefined || age !== this.#age) return false;
    if (this.#versions !== undefined && this.#versions !== versions) this.clear();
    this.#versions = versions;
    return true;
  }
}

/** In the record of a file that was not scanned itself. */
function atNoCost({ required, result }: EngineAnswer): EngineAnswer {
  return { required, result: { ...result, ms: 0 } };
}

/** Where nothing is kept at all. */
export const NOTHING_KEPT: CacheCounts = { hits: 0, misses: 0, shared: 0, entries: 0, emptied: 0 };

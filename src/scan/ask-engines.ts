import type { Clock } from "../base/clock.ts";
import type { CheckedSource } from "./checked-source.ts";
import type { Combination, EngineAnswer } from "./combine-results.ts";
import type { EngineWatch } from "./engine-watch.ts";
import { isFinding, type ScanResult } from "./scan-result.ts";

/** How the engines are asked about one file. */
export interface Asking {
  readonly clock: Clock;
  readonly combination: Combination;
  /** The most that all of it may take. */
  readonly timeoutMs: number;
}

/**
 * Asks the engines about a file; the answers stand in the order of the configuration. All are asked at once, but with
 * `first_available` those that are not required one after the other, until one answers. For an engine that is just down, and without whose answer
 * the scan fails, the file waits a while, unless another has found something by then. Never rejects.
 */
export async function askEngines(
  watches: readonly EngineWatch[],
  source: CheckedSource,
  asking: Asking,
): Promise<readonly EngineAnswer[]> {
  const { combination, timeoutMs } = asking;
  const answers = new Map<EngineWatch, ScanResult>();
  const found = new AbortController();
  const answered = (watch: EngineWatch, result: ScanResult): void => {
    answers.set(watch, result);
    // what is found counts, whatever the others say, but for a majority of them
    if (isFinding(result) && combination !== "majority") found.abort();
  };
  const ask = async (watch: EngineWatch): Promise<void> => {
    const { required: waits } = watch.engine;
    const terms = {
      deadlineMs: timeoutMs,
      patience: "insists",
      waits,
      enough: found.signal,
    } as const;
    answered(watch, tooLarge(watch, source) ?? (await watch.scan(source, terms)));
  };
  const isChained = combination === "first_available";
  const together = watches.filter(({ engine }) => engine.required || !isChained);
  const chain = watches.filter((watch) => !together.includes(watch));
  await Promise.all([
    ...together.map(ask),
    askInTurn(chain, source, { asking, answered, enough: found.signal }),
  ]);
  return watches.flatMap((watch) => {
    const result = answers.get(watch);
    return result === undefined ? [] : [{ required: watch.engine.required, result }];
  });
}

/** Each gets an equal share of the time that is left, so that one that hangs leaves some to those behind it. */
async function askInTurn(
  chain: readonly EngineWatch[],
  source: CheckedSource,
  chained: {
    readonly asking: Asking;
    readonly answered: (watch: EngineWatch, result: ScanResult) => void;
    readonly enough: AbortSignal;
  },
): Promise<void> {
  const { answered, enough } = chained;
  const { clock, timeoutMs } = chained.asking;
  const endsAt = clock.monotonicMs() + timeoutMs;
  for (const [index, watch] of chain.entries()) {
    const behind = chain.length - 1 - index;
    const leftMs = Math.max(0, endsAt - clock.monotonicMs());
    const isLast = behind === 0;
    const patience = isLast ? "insists" : "asks-once";
    const terms = { deadlineMs: leftMs / (behind + 1), patience, waits: isLast, enough } as const;
    const result = tooLarge(watch, source) ?? (await watch.scan(source, terms));
    answered(watch, result);
    if (result.kind !== "error" || source.broken) return;
  }
}

/** Undefined: it takes files of this size. */
function tooLarge({ engine }: EngineWatch, { size }: CheckedSource): ScanResult | undefined {
  if (engine.maxBytes === undefined || size <= engine.maxBytes) return undefined;
  return { kind: "unscannable", engine: engine.name, reason: "too-large", ms: 0 };
}

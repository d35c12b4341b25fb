import type { Clock } from "../base/clock.ts";
import type { CheckedSource } from "./checked-source.ts";
import type { Combination, EngineAnswer } from "./combine-results.ts";
import type { EngineWatch } from "./engine-watch.ts";
import type { ScanResult } from "./scan-result.ts";

/** How the engines are asked about one file. */
export interface Asking {
  readonly clock: Clock;
  readonly combination: Combination;
  /** The most that all of it may take. */
  readonly timeoutMs: number;
}

/**
 * Asks the engines about a file; the answers stand in the order of the configuration. All are asked at once, but with
 * `first_available` those that are not required one after the other, until one answers. Never rejects.
 */
export async function askEngines(
  watches: readonly EngineWatch[],
  source: CheckedSource,
  asking: Asking,
): Promise<readonly EngineAnswer[]> {
  const { combination, timeoutMs } = asking;
  const answers = new Map<EngineWatch, ScanResult>();
  const ask = async (watch: EngineWatch): Promise<void> => {
    answers.set(watch, tooLarge(watch, source) ?? (await watch.scan(source, timeoutMs)));
  };
  const isChained = combination === "first_available";
  const together = watches.filter(({ engine }) => engine.required || !isChained);
  const chain = watches.filter((watch) => !together.includes(watch));
  await Promise.all([...together.map(ask), askInTurn(chain, source, { asking, answers })]);
  return watches.flatMap((watch) => {
    const result = answers.get(watch);
    return result === undefined ? [] : [{ required: watch.engine.required, result }];
  });
}

/** Each gets an equal share of the time that is left, so that one that hangs leaves some to those behind it. */
async function askInTurn(
  chain: readonly EngineWatch[],
  source: CheckedSource,
  { asking, answers }: { readonly asking: Asking; readonly answers: Map<EngineWatch, ScanResult> },
): Promise<void> {
  const { clock, timeoutMs } = asking;
  const endsAt = clock.monotonicMs() + timeoutMs;
  for (const [index, watch] of chain.entries()) {
    const behind = chain.length - 1 - index;
    const leftMs = Math.max(0, endsAt - clock.monotonicMs());
    const patience = behind === 0 ? "insists" : "asks-once";
    const result =
      tooLarge(watch, source) ?? (await watch.scan(source, leftMs / (behind + 1), patience));
    answers.set(watch, result);
    if (result.kind !== "error" || source.broken) return;
  }
}

/** Undefined: it takes files of this size. */
function tooLarge({ engine }: EngineWatch, { size }: CheckedSource): ScanResult | undefined {
  if (engine.maxBytes === undefined || size <= engine.maxBytes) return undefined;
  return { kind: "unscannable", engine: engine.name, reason: "too-large", ms: 0 };
}

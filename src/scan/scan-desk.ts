import type { Clock } from "../base/clock.ts";
import { askEngines, type Asking } from "./ask-engines.ts";
import { createCheckedSource } from "./checked-source.ts";
import { combineResults, type Combination } from "./combine-results.ts";
import { EngineWatch } from "./engine-watch.ts";
import { lookAtSource, withLook } from "./look-at-source.ts";
import type { EngineStatus, ScanDesk, ScanEngine, ScanReport, ScanSource } from "./scan-engine.ts";

/**
 * Scanning: the engines are asked about a complete file, until the deadline, and their answers become one.
 *
 * Fail closed (DESIGN invariant 4): "clean" comes only from engines that answered; what failed is `error`, for the configured
 * road `scan.on_error`. What nobody could look into (encrypted, broken, made to unpack without end) is "unscannable", whatever an
 * engine says. What it does not do: decide what becomes of the file (rules, `scan.on_*`), or keep results.
 */
export interface ScanDeskDeps {
  readonly clock: Clock;
  /** In the order of the configuration; the desk disposes of them. */
  readonly engines: readonly ScanEngine[];
  /** An engine went up or down, or warns of something else, for the logs. */
  readonly onChange?: (status: EngineStatus) => void;
}

export interface ScanDeskOptions {
  /** `scan.timeout`: the most that one file may take. */
  readonly timeoutMs: number;
  /** `scan.combine`; absent: worst. */
  readonly combination?: Combination;
}

/** Begins to probe the engines in the background. */
export function createScanDesk(deps: ScanDeskDeps, options: ScanDeskOptions): ScanDesk {
  const { clock } = deps;
  const onChange = deps.onChange ?? ((): void => undefined);
  const watches = deps.engines.map((engine) => new EngineWatch({ clock, onChange }, engine));
  const probeAll = async (): Promise<void> => {
    await Promise.all(watches.map(async (watch) => watch.probe()));
  };
  const status = (): readonly EngineStatus[] => watches.map((watch) => watch.status);
  const { timeoutMs, combination = "worst" } = options;
  void probeAll();
  return {
    scan: async (source) => scanByAll(watches, source, { clock, timeoutMs, combination }),
    status,
    async test() {
      await probeAll();
      return status();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(watches.map(async (watch) => watch[Symbol.asyncDispose]()));
    },
  };
}

async function scanByAll(
  watches: readonly EngineWatch[],
  given: ScanSource,
  asking: Asking,
): Promise<ScanReport> {
  const source = createCheckedSource(given);
  const look = await lookAtSource(source);
  const answers = await askEngines(watches, source, asking);
  const all = withLook(answers, look?.problem);
  const verdict = combineResults(all, asking.combination);
  const isDoubtful = source.broken && verdict.kind === "clean";
  return {
    // whoever called it clean cannot have seen what could not be read
    verdict: isDoubtful ? { ...verdict, kind: "error", reason: "down" } : verdict,
    results: all.map(({ result }) => result),
    trueType: look?.content.types[0]?.type,
    content: look?.content,
  };
}

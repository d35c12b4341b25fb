import { readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import type { RuleHits } from "../filter/rule-hits.ts";

export interface KeepRuleHitsDeps {
  readonly clock: Clock;
  readonly hits: RuleHits;
  readonly log: { warn(message: string, details?: Readonly<Record<string, unknown>>): void };
}

/** What a crash may lose of the counters. */
const EVERY_MS = 60_000;

/**
 * Keeps the rules' counters over a restart: reads the file at the start, and writes it every minute in which something was counted and at the
 * end. A file that cannot be read is begun anew; one that cannot be written is tried again. Nobody waits for it.
 */
export function keepRuleHits(deps: KeepRuleHitsDeps, file: string): AsyncDisposable {
  const { clock, hits, log } = deps;
  hits.restore(readSnapshot(file));
  let written = JSON.stringify(hits.snapshot());
  let next: ScheduledCall | undefined;
  let isClosed = false;
  let running = Promise.resolve();

  async function write(): Promise<void> {
    const text = JSON.stringify(hits.snapshot());
    if (text === written) return;
    const temporary = `${file}.new`;
    try {
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, file);
      written = text;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      log.warn("the counters of the rules could not be kept", { err: error });
    }
  }
  function plan(): void {
    if (isClosed) return;
    next = clock.schedule(EVERY_MS, () => {
      running = write().then(plan);
    });
  }
  plan();
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      next?.cancel();
      await running;
      await write();
    },
  };
}

function readSnapshot(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

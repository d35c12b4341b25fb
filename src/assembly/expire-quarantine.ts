import type { Clock, ScheduledCall } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { QuarantineReader } from "../quarantine/quarantine.ts";

export interface QuarantineExpiryDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly reader: QuarantineReader;
  readonly log: { warn(message: string, details?: Readonly<Record<string, unknown>>): void };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** After the bytes have gone. The incident goes on holding the story. */
const STORY_DAYS = 90;

/**
 * Deletes the bytes of kept files that are older than `limits.quarantine_days`, and their stories 90 days later: at the start and every hour, with a line in the
 * event log when there were any. What fails is tried again an hour later. Disposing of it waits for a run under way.
 */
export function expireQuarantine(deps: QuarantineExpiryDeps, days: number): AsyncDisposable {
  const { clock, journal, reader, log } = deps;
  let next: ScheduledCall | undefined;
  let isClosed = false;
  async function run(): Promise<void> {
    try {
      const files = await reader.expire(clock.now(), days * DAY_MS);
      const stories = await reader.forget(clock.now(), (days + STORY_DAYS) * DAY_MS);
      if (files + stories > 0) record(files, stories);
    } catch (error) {
      log.warn("old files of the quarantine could not be deleted", { err: error });
    }
    if (!isClosed) next = clock.schedule(HOUR_MS, start);
  }
  function record(files: number, stories: number): void {
    const at = clock.now();
    journal.operation({
      eventId: createEventId(at),
      at,
      type: "quarantine",
      reason: "kept files were deleted for their age",
      details: { files, stories, days, by: "limits.quarantine_days" },
    });
  }
  let running = Promise.resolve();
  function start(): void {
    running = run();
  }
  start();
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      next?.cancel();
      await running;
    },
  };
}

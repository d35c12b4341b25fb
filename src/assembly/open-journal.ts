import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import { createJournal, type RunningJournal } from "../journal/create-journal.ts";

/** The journal of this configuration. Rejects with JournalUnavailable. */
export async function openJournal(
  { data, log, limits }: Pick<Config, "data" | "log" | "limits">,
  clock: Clock,
): Promise<RunningJournal> {
  return createJournal({
    dir: data.dir,
    eventsFile: log.eventsFile,
    clock,
    limits: { reserveBytes: limits.recordReserveBytes },
  });
}

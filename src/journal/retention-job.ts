import type { Clock } from "../base/clock.ts";
import { createEventId } from "./event-id.ts";
import { operationLine } from "./event-line.ts";
import type { IncidentStore } from "./incident-store.ts";
import type { LineAppender } from "./line-appender.ts";

/** What the retention job works with. */
export interface RetentionParts {
  readonly clock: Clock;
  readonly appender: LineAppender;
  readonly opened: () => IncidentStore;
  /** Drops the connection after a failure. */
  readonly reset: () => void;
}

const RETENTION_MS = 60_000;
const RETENTION_STEP = 500;
const RETENTION_PAUSE_MS = 50;

/** A minute between runs, small steps within one: commits pass in between. Says in the log what was deleted. */
export function startRetention(parts: RetentionParts): void {
  const { clock } = parts;
  let incidents = 0;
  let lines = 0;
  const step = (): void => {
    let more = false;
    try {
      const deleted = parts.opened().retain(clock.now(), RETENTION_STEP);
      incidents += deleted.incidents;
      lines += deleted.lines;
      more = deleted.incidents === RETENTION_STEP || deleted.lines === RETENTION_STEP;
    } catch {
      parts.reset();
    }
    if (!more && incidents + lines > 0) {
      tell();
      incidents = 0;
      lines = 0;
    }
    clock.schedule(more ? RETENTION_PAUSE_MS : RETENTION_MS, step);
  };
  const tell = (): void => {
    try {
      parts.appender.append(
        operationLine({
          eventId: createEventId(clock.now()),
          at: clock.now(),
          type: "admin",
          reason: "retention deleted records",
          details: { incidents, lines_never_written: lines },
        }),
      );
    } catch {
      // The log cannot be written; the appender reports that itself.
    }
  };
  clock.schedule(RETENTION_PAUSE_MS, step);
}

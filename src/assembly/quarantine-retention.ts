import type { Clock, ScheduledCall } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { QuarantineReader, RemovedItem } from "../quarantine/quarantine.ts";

export interface RetentionDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly reader: QuarantineReader;
  readonly log: { warn(message: string, details?: Readonly<Record<string, unknown>>): void };
}

/** `limits.quarantine…` */
export interface RetentionSettings {
  readonly days: number;
  readonly maxBytes: number;
  readonly maxFiles: number;
  /** Part of both: above it the oldest go. */
  readonly highWater: number;
  /** Younger ones never go for room. */
  readonly minAgeMs: number;
}

/** What the configuration says of it. */
export function boundsOf({ limits }: Config): RetentionSettings {
  return {
    days: limits.quarantineDays,
    maxBytes: limits.quarantineBytes,
    maxFiles: limits.quarantineFiles,
    highWater: limits.quarantineHighWater,
    minAgeMs: limits.quarantineMinAgeMs,
  };
}

/** Keeps the quarantine within its bounds. Disposing of it waits for what is under way. */
export interface QuarantineRetention extends AsyncDisposable {
  /**
   * Makes room for a file that does not fit: the oldest go, down to the high-water mark or further. False: too little of what lies there
   * may go, and nothing went. Never rejects.
   *
   * @param needs what it would take, bytes
   * @param lacks how many bytes more would have to be free on the disk; undefined: it has enough
   */
  makeRoom(needs: number, lacks?: number): Promise<boolean>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Nothing grows old enough much sooner; what people delete is room that the writer finds by itself. */
const HOPELESS_MS = 60_000;

/** After the bytes have gone. The incident goes on holding the story. */
const STORY_DAYS = 90;

/**
 * At the start and every hour: deletes the bytes of kept files that are older than `limits.quarantine_days`, then of the oldest above the
 * high-water mark, and stories 90 days after their time; with a line in the event log when there were any, and the incidents that
 * nobody has decided become `expired`. What fails is tried again an hour later.
 */
export function startRetention(
  deps: RetentionDeps,
  settings: RetentionSettings,
): QuarantineRetention {
  return new Retention(deps, settings);
}

class Retention implements QuarantineRetention {
  readonly #deps: RetentionDeps;
  readonly #settings: RetentionSettings;
  #next: ScheduledCall | undefined;
  #isClosed = false;
  /** The last wish for which there was no room: who asks for as much soon after is not looked for. */
  #hopeless: { readonly until: number; readonly needs: number; readonly lacks: number } | undefined;
  /** One thing after the other: whoever comes second finds the room that the first one made. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: RetentionDeps, settings: RetentionSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#start();
  }

  async makeRoom(needs: number, lacks = 0): Promise<boolean> {
    return this.#inTurn(async () => {
      const { clock } = this.#deps;
      const known = this.#hopeless;
      if (known !== undefined && clock.monotonicMs() < known.until) {
        if (needs >= known.needs && lacks >= known.lacks) return false;
      }
      try {
        const isMade = await this.#freed(needs, lacks);
        const until = clock.monotonicMs() + HOPELESS_MS;
        this.#hopeless = isMade ? undefined : { until, needs, lacks };
        return isMade;
      } catch (error) {
        this.#deps.log.warn("no room could be made in the quarantine", { err: error });
        return false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#next?.cancel();
    await this.#last;
  }

  #start(): void {
    void this.#inTurn(async () => {
      try {
        await this.#run();
      } catch (error) {
        this.#deps.log.warn("old files of the quarantine could not be deleted", { err: error });
      }
      if (!this.#isClosed) this.#next = this.#deps.clock.schedule(HOUR_MS, () => this.#start());
    });
  }

  async #run(): Promise<void> {
    const { clock, reader, log } = this.#deps;
    const { days, maxBytes, maxFiles, highWater, minAgeMs } = this.#settings;
    const expired = await reader.expire(clock.now(), days * DAY_MS);
    if (expired.length > 0)
      await this.#tell(expired, "age", { days, by: "limits.quarantine_days" });
    const goal = {
      maxBytes: Math.floor(maxBytes * highWater),
      maxFiles: Math.floor(maxFiles * highWater),
      minAgeMs,
    };
    const { reached, removed } = await reader.trim(clock.now(), goal);
    if (removed.length > 0)
      await this.#tell(removed, "room", { by: "limits.quarantine_high_water" });
    if (!reached) {
      const what = "the quarantine is above its high-water mark, and nothing in it may go yet";
      log.warn(what, { ...(await reader.usage()) });
    }
    const stories = await reader.forget(clock.now(), (days + STORY_DAYS) * DAY_MS);
    if (stories > 0) this.#record("stories of kept files were deleted for their age", { stories });
  }

  async #freed(needs: number, lacks: number): Promise<boolean> {
    const { clock, reader } = this.#deps;
    const { maxBytes, maxFiles, highWater, minAgeMs } = this.#settings;
    // What can never fit shall cost nobody else's evidence.
    if (needs > maxBytes) return false;
    const { bytes, files } = await reader.usage();
    const isWithin = bytes + needs <= maxBytes && files + 1 <= maxFiles;
    const mark = isWithin ? bytes : Math.min(Math.floor(maxBytes * highWater), maxBytes - needs);
    const { reached, removed } = await reader.trim(clock.now(), {
      // Of a disk that others have filled as much as it lacks, or nothing: less would cost evidence and make no room.
      maxBytes: Math.min(mark, bytes - lacks),
      maxFiles: Math.min(Math.floor(maxFiles * highWater), maxFiles - 1),
      minAgeMs,
    });
    // A thousand records take seconds, and somebody waits for the room.
    if (removed.length > 0) this.#tellLater(removed);
    return reached;
  }

  #tellLater(removed: readonly RemovedItem[]): void {
    void this.#inTurn(async () => {
      try {
        await this.#tell(removed, "room", { by: "limits.quarantine" });
      } catch (error) {
        const what = "kept files were deleted to make room, and not all of their incidents know";
        this.#deps.log.warn(what, { err: error });
      }
    });
  }

  async #tell(
    removed: readonly RemovedItem[],
    why: "age" | "room",
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { clock, journal } = this.#deps;
    const reason =
      why === "age"
        ? "kept files were deleted for their age"
        : "the oldest kept files were deleted to make room";
    this.#record(reason, { files: removed.length, ...details });
    for (const { id, incident, sha256 } of removed) {
      if (incident === undefined) continue;
      const at = clock.now();
      await journal.review({
        eventId: createEventId(at),
        at,
        action: "expire",
        incident,
        item: id,
        sha256,
        actor: { by: String(details["by"]), said: "" },
        reason,
        details: {},
      });
    }
  }

  #record(reason: string, details: Readonly<Record<string, unknown>>): void {
    const { clock, journal } = this.#deps;
    const at = clock.now();
    journal.operation({ eventId: createEventId(at), at, type: "quarantine", reason, details });
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

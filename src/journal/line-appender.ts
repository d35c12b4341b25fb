import { type EventLogFile, openEventLogFile } from "./event-log-file.ts";
import type { IncidentStore } from "./incident-store.ts";

/**
 * Brings lines to the event log inside the journal's worker: those of incidents out of the store's outbox, in order,
 * and those that have no row. A line leaves the outbox only after the file has been synchronised, so a power cut
 * loses none; what was written but not yet taken out is found again by its event id at the next start.
 */
export interface LineAppender {
  /** Appends what waits in the outbox. A failure is remembered (`failure`) and the lines stay. */
  drain(): void;
  /** Appends lines without rows, or keeps nothing and throws. */
  append(text: string): void;
  /** Takes out of the outbox what is safely in the file. */
  confirm(): void;
  reopen(): void;
  /** Why the last write failed; undefined while all is well. */
  readonly failure: string | undefined;
  close(): void;
}

const LINES_PER_WRITE = 500;
const TAIL_BYTES = 8 * 1024 * 1024;

/** `store` may change when the worker opens it anew after a failure. Never throws: a bad path is a `failure`. */
export function createLineAppender(path: string, store: () => IncidentStore): LineAppender {
  const appender = new FileLineAppender(path, store);
  appender.skipWritten();
  return appender;
}

class FileLineAppender implements LineAppender {
  failure: string | undefined;
  readonly #path: string;
  readonly #store: () => IncidentStore;
  #file: EventLogFile | undefined;
  #written = 0;
  #confirmed = 0;

  constructor(path: string, store: () => IncidentStore) {
    this.#path = path;
    this.#store = store;
  }

  drain(): void {
    this.#attempt(() => {
      for (;;) {
        const lines = this.#store().waitingLines(this.#written, LINES_PER_WRITE);
        const last = lines.at(-1);
        if (last === undefined) return;
        this.#opened().append(lines.map((waiting) => waiting.line).join(""));
        this.#written = last.seq;
      }
    });
  }

  append(text: string): void {
    this.#attempt(() => this.#opened().append(text));
    if (this.failure !== undefined) throw new Error(this.failure);
  }

  confirm(): void {
    if (this.#written === this.#confirmed) return;
    this.#attempt(() => {
      this.#opened().sync();
      this.#store().removeLines(this.#written);
      this.#confirmed = this.#written;
    });
  }

  reopen(): void {
    this.#attempt(() => {
      if (this.#file === undefined) this.#opened();
      else this.#file.reopen();
    });
  }

  close(): void {
    this.#file?.close();
  }

  /** Lines that an earlier process wrote and had no time to take out. */
  skipWritten(): void {
    this.#attempt(() => {
      const tail = this.#opened().tail(TAIL_BYTES);
      let left = this.#store().waitingLines(0, LINES_PER_WRITE);
      while (left.length > 0) {
        const unwritten = left.findIndex(
          (waiting) => !tail.includes(`"event_id":${JSON.stringify(waiting.eventId)}`),
        );
        if (unwritten === 0) return;
        // -1: all of them are there; the last of the page is then the last one written.
        this.#written = left.at(unwritten === -1 ? -1 : unwritten - 1)?.seq ?? this.#written;
        this.#store().removeLines(this.#written);
        if (unwritten > 0) return;
        left = this.#store().waitingLines(0, LINES_PER_WRITE);
      }
    });
  }

  #opened(): EventLogFile {
    this.#file ??= openEventLogFile(this.#path);
    return this.#file;
  }

  #attempt(run: () => void): void {
    try {
      run();
      this.failure = undefined;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }
}

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../base/clock.ts";
import { createEventId } from "./event-id.ts";
import { operationLine } from "./event-line.ts";
import { type IncidentStore, openIncidentStore } from "./incident-store.ts";
import { createLineAppender, type LineAppender } from "./line-appender.ts";
import { createPrivateFile } from "./private-file.ts";
import { createRecordReserve, type RecordReserve } from "./record-reserve.ts";
import { startRetention } from "./retention-job.ts";
import type {
  AppliedOperations,
  StoreOperation,
  StoreReply,
  StoreRequest,
  StoreSettings,
} from "./store-messages.ts";

/**
 * What the journal's worker does with requests: group commit (everything that arrived while the last transaction ran,
 * or in the same turn, goes into one), lines to the event log, retention in small steps, and recovery by itself when
 * the disk can be written again. What a full disk has no space for goes where its reserve was (record-reserve.ts).
 */
export interface StoreDesk {
  receive(request: StoreRequest): void;
}

interface Batch {
  readonly seq: number;
  readonly operations: readonly StoreOperation[];
}

interface WaitingLines {
  readonly seq: number;
  readonly text: string;
  readonly isUrgent: boolean;
}

const CONFIRM_MS = 1000;
const RUNNING_GROUPS = 100_000;

/** Opens the store and says "ready", or "open-failed". `onClosed` is called when everything is on disk. */
export function openStoreDesk(
  settings: StoreSettings,
  clock: Clock,
  reply: (message: StoreReply) => void,
  onClosed: () => void,
): StoreDesk | undefined {
  let lock: DatabaseSync;
  let store: IncidentStore | undefined;
  try {
    lock = lockFolder(settings.lockFile);
  } catch (error) {
    reply({
      kind: "open-failed",
      message: `${settings.lockFile} cannot be locked (does another sluice use this data folder?): ${messageOf(error)}`,
    });
    return undefined;
  }
  const opened = (): IncidentStore => {
    store ??= openIncidentStore(settings.storeFile, settings.bootId, settings.retention);
    return store;
  };
  try {
    opened().abandonPending(clock.now());
  } catch (error) {
    lock.close();
    reply({ kind: "open-failed", message: `${settings.storeFile}: ${messageOf(error)}` });
    return undefined;
  }
  const appender = createLineAppender(settings.eventsFile, opened);
  const reset = (): void => {
    try {
      store?.close();
    } catch {
      // A connection that cannot even be closed is left to the collector; the next use opens a new one.
    }
    store = undefined;
  };
  const closed = (): void => {
    appender.close();
    store?.close();
    lock.close();
    onClosed();
  };
  const reserve = createRecordReserve(settings.reserve.file, settings.reserve.bytes);
  reserve.refill();
  const mayWait = isOnDiskOf(settings.storeFile, settings.eventsFile);
  const desk = new WaitingDesk({ clock, reply, appender, reserve, mayWait, opened, reset, closed });
  reply({
    kind: "ready",
    running: opened().runningGroups(clock.now() - settings.windowMs, RUNNING_GROUPS),
  });
  desk.start();
  startRetention({ clock, appender, opened, reset });
  return desk;
}

interface DeskParts {
  readonly clock: Clock;
  readonly reply: (message: StoreReply) => void;
  readonly appender: LineAppender;
  readonly reserve: RecordReserve;
  /** The event log lies where the reserve is, so that its lines take room from records. */
  readonly mayWait: boolean;
  readonly opened: () => IncidentStore;
  /** Drops the connection; the next use opens the store anew. */
  readonly reset: () => void;
  readonly closed: () => void;
}

class WaitingDesk implements StoreDesk {
  readonly #parts: DeskParts;
  readonly #batches: Batch[] = [];
  #lines: WaitingLines[] = [];
  #scheduled = false;
  #hasToldOfWaiting = false;
  #reported: { readonly failure: string | undefined; readonly linesWait: boolean } = {
    failure: undefined,
    linesWait: false,
  };

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.appender.drain();
    this.#report();
    this.#parts.clock.schedule(CONFIRM_MS, () => this.#tick());
  }

  receive(request: StoreRequest): void {
    switch (request.kind) {
      case "batch":
        this.#batches.push(request);
        this.#schedule();
        break;
      case "lines":
        this.#lines.push(request);
        this.#schedule();
        break;
      case "reopen":
        this.#reopen(request.seq);
        break;
      case "close":
        this.#flush();
        this.#parts.appender.drain();
        this.#parts.appender.confirm();
        this.#parts.reply({ kind: "done", seq: request.seq, refused: [] });
        this.#parts.closed();
        break;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Runs after every message that has arrived by now: that is the group commit.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#batches.length > 0) {
      commitBatches(this.#parts, this.#batches.splice(0));
      this.#drain();
    }
    this.#flushLines();
    this.#report();
  }

  #drain(): void {
    const { appender } = this.#parts;
    appender.drain();
    if (appender.failure !== undefined && spend(this.#parts)) appender.drain();
  }

  #flushLines(): void {
    const { mayWait, reserve } = this.#parts;
    const urgent = this.#lines.filter(({ isUrgent }) => isUrgent);
    // Whoever sends what is allowed could use up the space that is kept for what is not.
    if (this.#write(mayWait && reserve.isNeeded ? urgent : this.#lines)) return;
    // The appender remembers the failure; the lines stay, and are tried again within a second.
    if (urgent.length > 0 && spend(this.#parts)) this.#write(urgent);
  }

  #write(lines: readonly WaitingLines[]): boolean {
    if (lines.length === 0) return true;
    if (!this.#append(lines.map(({ text }) => text).join(""))) return false;
    this.#lines = this.#lines.filter((line) => !lines.includes(line));
    for (const { seq } of lines) this.#parts.reply({ kind: "done", seq, refused: [] });
    return true;
  }

  #append(text: string): boolean {
    try {
      this.#parts.appender.append(text);
      return true;
    } catch {
      return false;
    }
  }

  #tick(): void {
    const { appender, clock, reserve } = this.#parts;
    if (reserve.refill()) tell(this.#parts, "the disk has room again, and records their reserve");
    if (appender.failure !== undefined) this.#drain();
    this.#flushLines();
    appender.confirm();
    this.#report();
    clock.schedule(CONFIRM_MS, () => this.#tick());
  }

  #reopen(seq: number): void {
    const { appender, reply } = this.#parts;
    this.#flush();
    appender.reopen();
    reply(
      appender.failure === undefined
        ? { kind: "done", seq, refused: [] }
        : { kind: "failed", seq, message: appender.failure },
    );
    this.#report();
  }

  #report(): void {
    const { failure } = this.#parts.appender;
    const linesWait = this.#lines.length > 0;
    if (failure === this.#reported.failure && linesWait === this.#reported.linesWait) return;
    // Also where there never was room for the reserve, and so nothing was said of it.
    if (!linesWait) this.#hasToldOfWaiting = false;
    else if (failure === undefined && !this.#hasToldOfWaiting) {
      this.#hasToldOfWaiting = true;
      tell(this.#parts, "the disk is nearly full: lines about what was allowed wait for room");
    }
    this.#reported = { failure, linesWait };
    this.#parts.reply({ kind: "log", failure, linesWait });
  }
}

/** One transaction for all batches; each learns what became of its own operations. */
function commitBatches(parts: DeskParts, batches: readonly Batch[]): void {
  let applied: AppliedOperations;
  try {
    applied = applyOrSpend(
      parts,
      batches.flatMap((batch) => batch.operations),
    );
  } catch (error) {
    parts.reset();
    const message = messageOf(error);
    for (const batch of batches) parts.reply({ kind: "failed", seq: batch.seq, message });
    return;
  }
  let start = 0;
  for (const batch of batches) {
    const from = start;
    const end = from + batch.operations.length;
    start = end;
    const own = <T extends { readonly index: number }>(list: readonly T[] = []): readonly T[] =>
      list
        .filter((one) => one.index >= from && one.index < end)
        .map((one) => ({ ...one, index: one.index - from }));
    const { refused, answered } = applied;
    parts.reply({ kind: "done", seq: batch.seq, refused: own(refused), answered: own(answered) });
  }
}

/** A transaction that found no space is kept nowhere: it is tried once more where the reserve was. */
function applyOrSpend(parts: DeskParts, operations: readonly StoreOperation[]): AppliedOperations {
  try {
    return parts.opened().apply(operations);
  } catch (error) {
    parts.reset();
    if (!spend(parts)) throw error;
    return parts.opened().apply(operations);
  }
}

/** Says so in the event log, which may be on that disk too. */
function spend(parts: DeskParts): boolean {
  if (!parts.reserve.spend()) return false;
  tell(parts, "the disk is full: records are written into their reserve");
  return true;
}

function tell({ clock, appender }: DeskParts, reason: string): void {
  const at = clock.now();
  const event = { eventId: createEventId(at), at, type: "admin", reason, details: {} } as const;
  try {
    appender.append(operationLine(event));
  } catch {
    // The appender remembers it, and so does the health page.
  }
}

/**
 * One process per data folder: a second one would take the first one's unfinished decisions for abandoned ones.
 * The lock is a file lock of the system, so it goes with the process, however that ends.
 */
function lockFolder(file: string): DatabaseSync {
  createPrivateFile(file);
  const lock = new DatabaseSync(file, { timeout: 500 });
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function isOnDiskOf(one: string, other: string): boolean {
  try {
    return statSync(dirname(one)).dev === statSync(dirname(other)).dev;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

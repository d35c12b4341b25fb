import { Worker } from "node:worker_threads";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { workerEntry } from "../base/worker-entry.ts";
import type { RunningGroup } from "./incident-ids.ts";
import { JournalUnavailable } from "./journal-unavailable.ts";
import type {
  CommitOperation,
  EndWaiverOperation,
  ReviewOperation,
  SettleOperation,
  StoreOperation,
  StoreReply,
  StoreRequest,
  StoreSettings,
  TakeWaiverOperation,
} from "./store-messages.ts";

/**
 * The SIP thread's end of the store's worker. What is committed within one turn of the event loop travels as one
 * batch; the number of drafts under way is bounded; a worker that died is started anew, and what it had not confirmed
 * is rejected (commits: the filter fails closed) or sent again (settlements).
 */
export interface StoreClient extends AsyncDisposable {
  /** Groups that were running when the store was opened. */
  readonly running: readonly RunningGroup[];
  /** Resolves when the draft is on disk. Rejects with JournalUnavailable. */
  commit(draft: string, groupKey: string): Promise<void>;
  settle(settlement: Omit<SettleOperation, "kind">): void;
  /** Resolves when it is on disk, or was refused by itself. Rejects with JournalUnavailable. */
  ask(operation: ReviewOperation | TakeWaiverOperation): Promise<OperationAnswer>;
  /** As `settle`: sent again until it is on disk. */
  tell(operation: EndWaiverOperation): void;
  /** Resolves when the lines are in the event log, which others than urgent ones may wait for while the disk is full. Rejects when the worker died with them. */
  append(text: string, isUrgent: boolean): Promise<void>;
  reopen(): Promise<void>;
  /** Why records cannot be kept at the moment; undefined: they can. */
  readonly failure: string | undefined;
  /** Why the event log cannot be written at the moment; its lines wait in the store. */
  readonly logFailure: string | undefined;
  /** Lines of the event log wait, for that reason or because the disk is nearly full. */
  readonly linesWait: boolean;
}

/** `value` is there where the operation has an answer. */
export type OperationAnswer =
  | { readonly kind: "done"; readonly value: string | undefined }
  | { readonly kind: "refused"; readonly message: string };

export interface StoreClientLimits {
  /** Drafts under way at once; beyond it commit() rejects. */
  readonly drafts: number;
  /** Settlements that wait for a store that fails; beyond it the rows end as "abandoned" at the next start. */
  readonly settlements: number;
}

const RETRY_MS = 250;
const MAX_RESTART_MS = 5000;
const CLOSE_MS = 10_000;

type Answer = Extract<StoreReply, { readonly kind: "done" | "failed" }>;

/** Starts the worker and waits until the store is open. Rejects with JOURNAL_OPEN_FAILED. */
export async function createStoreClient(
  settings: StoreSettings,
  clock: Clock,
  limits: StoreClientLimits,
): Promise<StoreClient> {
  const client = new WorkerStoreClient(settings, clock, limits);
  await client.start();
  return client;
}

class WorkerStoreClient implements StoreClient {
  running: readonly RunningGroup[] = [];
  failure: string | undefined;
  logFailure: string | undefined;
  linesWait = false;
  readonly #settings: StoreSettings;
  readonly #clock: Clock;
  readonly #limits: StoreClientLimits;
  readonly #answers = new Map<number, (answer: Answer | string) => void>();
  #worker: Worker | undefined;
  #queue: QueuedOperation[] = [];
  #drafts = 0;
  #seq = 0;
  #flushing = false;
  #retry: ScheduledCall | undefined;
  #restartMs = 100;
  #closing = false;

  constructor(settings: StoreSettings, clock: Clock, limits: StoreClientLimits) {
    this.#settings = settings;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Resolves when the worker says that it is ready. */
  async start(): Promise<void> {
    const started = Promise.withResolvers<undefined>();
    const worker = new Worker(workerEntry(import.meta.url, "journal-worker"), {
      workerData: this.#settings,
    });
    const lost = (why: string): void => {
      started.reject(new JournalUnavailable("JOURNAL_OPEN_FAILED", why));
      if (this.#worker === worker) this.#lost(why);
    };
    worker.on("message", (reply: StoreReply) => {
      if (reply.kind === "open-failed") {
        lost(reply.message);
      } else if (reply.kind === "ready") {
        this.#worker = worker;
        this.running = reply.running;
        this.failure = undefined;
        this.#restartMs = 100;
        started.resolve(undefined);
        this.#schedule();
      } else {
        this.#answered(reply);
      }
    });
    worker.on("error", (error) => lost(`the journal's worker failed: ${error.message}`));
    worker.on("exit", (code) => lost(`the journal's worker ended with ${code}`));
    await started.promise;
  }

  async commit(draft: string, groupKey: string): Promise<void> {
    const answer = await this.ask({ kind: "commit", groupKey, draft });
    if (answer.kind === "refused") {
      throw new JournalUnavailable("JOURNAL_UNAVAILABLE", answer.message);
    }
  }

  async ask(
    operation: CommitOperation | ReviewOperation | TakeWaiverOperation,
  ): Promise<OperationAnswer> {
    if (this.#closing || this.#worker === undefined) {
      throw new JournalUnavailable("JOURNAL_UNAVAILABLE", this.failure ?? "the journal is closed");
    }
    if (this.#drafts >= this.#limits.drafts) {
      throw new JournalUnavailable(
        "JOURNAL_OVERLOADED",
        `${this.#drafts} incidents wait to be written already`,
      );
    }
    const done = Promise.withResolvers<OperationAnswer>();
    this.#drafts += 1;
    this.#queue.push({
      operation,
      ended: (answer) => {
        this.#drafts -= 1;
        if (typeof answer !== "string") done.resolve(answer);
        else done.reject(new JournalUnavailable("JOURNAL_UNAVAILABLE", answer));
      },
    });
    this.#schedule();
    return done.promise;
  }

  settle(settlement: Omit<SettleOperation, "kind">): void {
    this.tell({ kind: "settle", ...settlement });
  }

  tell(operation: SettleOperation | EndWaiverOperation): void {
    if (this.#queue.length >= this.#limits.settlements + this.#limits.drafts) return;
    this.#queue.push({ operation, ended: undefined });
    this.#schedule();
  }

  async append(text: string, isUrgent: boolean): Promise<void> {
    await this.#request((seq) => ({ kind: "lines", seq, text, isUrgent }));
  }

  async reopen(): Promise<void> {
    await this.#request((seq) => ({ kind: "reopen", seq }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#retry?.cancel();
    this.#flush();
    this.#closing = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const closed = Promise.withResolvers<undefined>();
    const deadline = this.#clock.schedule(CLOSE_MS, () => closed.resolve(undefined));
    worker.once("exit", () => closed.resolve(undefined));
    this.#request((seq) => ({ kind: "close", seq })).catch(() => closed.resolve(undefined));
    await closed.promise;
    deadline.cancel();
    this.#worker = undefined;
    this.#failAll("the journal is closed");
    await worker.terminate();
  }

  #schedule(): void {
    if (this.#flushing || this.#worker === undefined || this.#queue.length === 0) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  /** Everything queued goes as one batch; settlements of a batch that failed come back to the queue. */
  #flush(): void {
    this.#flushing = false;
    const worker = this.#worker;
    if (worker === undefined || this.#queue.length === 0) return;
    const batch = this.#queue;
    this.#queue = [];
    const seq = ++this.#seq;
    this.#answers.set(seq, (answer) => this.#batchAnswered(batch, answer));
    const operations = batch.map((queued) => queued.operation);
    worker.postMessage({ kind: "batch", seq, operations } satisfies StoreRequest, []);
  }

  #batchAnswered(batch: readonly QueuedOperation[], answer: Answer | string): void {
    if (typeof answer === "string" || answer.kind === "failed") {
      const message = typeof answer === "string" ? answer : answer.message;
      this.failure = message;
      for (const queued of batch) queued.ended?.(message);
      this.#requeue(batch.filter(({ ended }) => ended === undefined));
      return;
    }
    this.failure = undefined;
    const refused = new Map(answer.refused.map(({ index, message }) => [index, message]));
    const values = new Map(answer.answered?.map(({ index, value }) => [index, value]));
    for (const [index, queued] of batch.entries()) {
      const message = refused.get(index);
      if (message !== undefined) queued.ended?.({ kind: "refused", message });
      else queued.ended?.({ kind: "done", value: values.get(index) });
    }
  }

  #requeue(settlements: readonly QueuedOperation[]): void {
    if (this.#closing || settlements.length === 0) return;
    const room = Math.max(0, this.#limits.settlements - this.#queue.length);
    this.#queue = [...settlements.slice(0, room), ...this.#queue];
    this.#retry?.cancel();
    this.#retry = this.#clock.schedule(RETRY_MS, () => this.#schedule());
  }

  async #request(request: (seq: number) => StoreRequest): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) {
      throw new JournalUnavailable("JOURNAL_UNAVAILABLE", this.failure ?? "the journal is closed");
    }
    const done = Promise.withResolvers<undefined>();
    const seq = ++this.#seq;
    this.#answers.set(seq, (answer) => {
      if (typeof answer === "string" || answer.kind === "failed") {
        const message = typeof answer === "string" ? answer : answer.message;
        done.reject(new JournalUnavailable("JOURNAL_UNAVAILABLE", message));
      } else {
        done.resolve(undefined);
      }
    });
    worker.postMessage(request(seq), []);
    await done.promise;
  }

  #answered(reply: Exclude<StoreReply, { kind: "ready" | "open-failed" }>): void {
    if (reply.kind === "log") {
      this.logFailure = reply.failure;
      this.linesWait = reply.linesWait;
      return;
    }
    const answered = this.#answers.get(reply.seq);
    this.#answers.delete(reply.seq);
    answered?.(reply);
  }

  #lost(why: string): void {
    this.#worker = undefined;
    if (this.#closing) return;
    this.failure = why;
    this.#failAll(why);
    this.#restartLater();
  }

  /** A worker that will not start is tried again for ever, at most every five seconds. */
  #restartLater(): void {
    const delay = this.#restartMs;
    this.#restartMs = Math.min(delay * 2, MAX_RESTART_MS);
    this.#clock.schedule(delay, () => {
      if (this.#closing) return;
      this.start().catch((error: unknown) => {
        this.failure = error instanceof Error ? error.message : String(error);
        this.#restartLater();
      });
    });
  }

  #failAll(why: string): void {
    const open = [...this.#answers.values()];
    this.#answers.clear();
    for (const answered of open) answered(why);
    const asked = this.#queue.filter(({ ended }) => ended !== undefined);
    this.#queue = this.#queue.filter(({ ended }) => ended === undefined);
    for (const queued of asked) queued.ended?.(why);
  }
}

interface QueuedOperation {
  readonly operation: StoreOperation;
  /** Told once what became of it, or in words why the store failed; settlements have nobody to tell, and are sent again. */
  readonly ended: ((answer: OperationAnswer | string) => void) | undefined;
}

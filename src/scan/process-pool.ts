import { failed, ok, type Result } from "../base/result.ts";
import { AskedProcess, type ProcessOptions, type StartedDeps } from "./asked-process.ts";
import { FairQueue } from "./fair-queue.ts";
import { onAbort } from "./on-abort.ts";

/** What a pool is for. */
export interface PoolOptions<Answer, Readiness, Problem> extends ProcessOptions<Answer> {
  readonly maxProcesses: number;
  /** One that takes more than this after a question is not kept, in bytes: its memory hardly ever shrinks. */
  readonly keepResidentBytes: number;
  /** The first question of every process, if there is one. */
  readonly prepare: (
    process: AskedProcess<Answer>,
    signal: AbortSignal,
  ) => Promise<Result<Readiness, Unprepared<Problem>>>;
}

/** Why a process is of no use. */
export interface Unprepared<Problem> {
  readonly problem: Problem | string;
  /** No other one would be either: whoever comes later need not start one to learn it. */
  readonly isFinal: boolean;
}

/** A process that can be asked. */
export interface ReadyProcess<Answer, Readiness> {
  readonly process: AskedProcess<Answer>;
  /** What came of preparing it. */
  readonly readiness: Readiness;
}

/** Who gets one. */
type Waiting<Answer, Readiness, Problem> = FairQueue<
  (taken: Taken<Answer, Readiness, Problem>) => void
>;

type Taken<Answer, Readiness, Problem> = Result<ReadyProcess<Answer, Readiness>, Problem | string>;

/**
 * Processes that do the same. They are started when they are needed, kept while nobody needs them, and never used again after
 * a question that had no answer. There are never more than `maxProcesses`, those that are still prepared among them. Who asks for the same owner
 * never has all of them, and owners take turns: what keeps a process busy is chosen by whoever sends a file.
 */
export class ProcessPool<Answer, Readiness, Problem = never> {
  readonly #deps: StartedDeps;
  readonly #options: PoolOptions<Answer, Readiness, Problem>;
  readonly #all = new Set<AskedProcess<Answer>>();
  readonly #idle: ReadyProcess<Answer, Readiness>[] = [];
  readonly #waiting: Waiting<Answer, Readiness, Problem>;
  /** Whose question each has. */
  readonly #owners = new Map<AskedProcess<Answer>, string | symbol>();
  #starting = 0;
  readonly #closing = new AbortController();
  #broken: { readonly problem: Problem | string } | undefined;

  constructor(deps: StartedDeps, options: PoolOptions<Answer, Readiness, Problem>) {
    this.#deps = deps;
    this.#options = options;
    this.#waiting = new FairQueue(Math.max(1, options.maxProcesses - 1));
  }

  /** Numbers of the processes that there are, for tests and for an operator. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => pid ?? []);
  }

  /**
   * One that waits, or a new one, or the next that is given back. `giveBack` must follow. Never rejects; takes as long as it takes to
   * prepare one, unless the signal aborts: then what is being started is for the next who asks.
   *
   * @param owner whose file it is; absent: nobody's who has others
   */
  async take(signal: AbortSignal, owner?: string): Promise<Taken<Answer, Readiness, Problem>> {
    if (this.#broken !== undefined) return failed(this.#broken.problem);
    if (this.#closing.signal.aborted) return failed(CLOSED);
    const { promise, resolve } = Promise.withResolvers<Taken<Answer, Readiness, Problem>>();
    const waiter = this.#waiting.enter(owner, resolve);
    this.#serve();
    const stop = onAbort(signal, () => {
      if (!this.#waiting.leave(waiter)) return;
      resolve(failed("no process is free: they are being made ready, or all have a file"));
    });
    const taken = await promise;
    stop();
    return taken;
  }

  /** @param residentBytes what it takes of memory now */
  giveBack(ready: ReadyProcess<Answer, Readiness>, residentBytes: number): void {
    const owner = this.#owners.get(ready.process);
    this.#owners.delete(ready.process);
    if (owner !== undefined) this.#waiting.release(owner);
    const isSpent = ready.process.hasEnded || residentBytes > this.#options.keepResidentBytes;
    if (isSpent || this.#closing.signal.aborted) this.#end(ready.process);
    else this.#idle.push(ready);
    this.#serve();
  }

  /** No more processes are started; those that work are ended when they are given back. */
  retire(): void {
    this.#closing.abort();
    for (const { process } of this.#idle.splice(0)) this.#end(process);
    for (const next of this.#waiting.clear()) next(failed(CLOSED));
  }

  /** Ends all of them now. */
  close(): void {
    this.retire();
    for (const process of this.#all) this.#end(process);
  }

  /** Gives out what is idle, and starts more where that is not enough. */
  #serve(): void {
    while (this.#waiting.ready > 0) {
      const idle = this.#idle.pop();
      if (idle === undefined) break;
      if (idle.process.hasEnded) {
        this.#all.delete(idle.process);
        continue;
      }
      const next = this.#waiting.next();
      if (next === undefined) break;
      this.#owners.set(idle.process, next.owner);
      next.item(ok(idle));
    }
    if (this.#waiting.ready <= this.#starting || this.#closing.signal.aborted) return;
    if (this.#all.size < this.#options.maxProcesses) void this.#start();
  }

  /** What comes of it is for the first who waits. */
  async #start(): Promise<void> {
    let process: AskedProcess<Answer>;
    try {
      process = new AskedProcess(this.#deps, this.#options);
    } catch (error) {
      const problem = failed(`the process was not started: ${String(error)}`);
      for (const next of this.#waiting.clear()) next(problem);
      return;
    }
    this.#all.add(process);
    this.#starting += 1;
    const prepared = await this.#options.prepare(process, this.#closing.signal);
    this.#starting -= 1;
    if (prepared.ok) {
      this.giveBack({ process, readiness: prepared.value }, 0);
      return;
    }
    this.#end(process);
    const { problem, isFinal } = prepared.problem;
    if (isFinal) this.#broken = { problem };
    if (isFinal) for (const next of this.#waiting.clear()) next(failed(problem));
    else this.#turnAway(failed(problem));
    this.#serve();
  }

  /** For the one whose turn it is there is none. */
  #turnAway(problem: Taken<Answer, Readiness, Problem>): void {
    const next = this.#waiting.next();
    if (next === undefined) return;
    this.#waiting.release(next.owner);
    next.item(problem);
  }

  #end(process: AskedProcess<Answer>): void {
    process.end();
    this.#all.delete(process);
  }
}

const CLOSED = "these processes are not used any more";

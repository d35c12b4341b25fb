import { failed, ok, type Result } from "../base/result.ts";
import { AskedProcess, type ProcessOptions, type StartedDeps } from "./asked-process.ts";
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

type Taken<Answer, Readiness, Problem> = Result<ReadyProcess<Answer, Readiness>, Problem | string>;

/**
 * Processes that do the same. They are started when they are needed, kept while nobody needs them, and never used again after
 * a question that had no answer. There are never more than `maxProcesses`, those that are still prepared among them.
 */
export class ProcessPool<Answer, Readiness, Problem = never> {
  readonly #deps: StartedDeps;
  readonly #options: PoolOptions<Answer, Readiness, Problem>;
  readonly #all = new Set<AskedProcess<Answer>>();
  readonly #idle: ReadyProcess<Answer, Readiness>[] = [];
  /** In the order of asking. */
  readonly #waiting: ((taken: Taken<Answer, Readiness, Problem>) => void)[] = [];
  #starting = 0;
  readonly #closing = new AbortController();
  #broken: { readonly problem: Problem | string } | undefined;

  constructor(deps: StartedDeps, options: PoolOptions<Answer, Readiness, Problem>) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Numbers of the processes that there are, for tests and for an operator. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => pid ?? []);
  }

  /**
   * One that waits, or a new one, or the next that is given back. `giveBack` must follow. Never rejects; takes as long as it takes to
   * prepare one, unless the signal aborts: then what is being started is for the next who asks.
   */
  async take(signal: AbortSignal): Promise<Taken<Answer, Readiness, Problem>> {
    if (this.#broken !== undefined) return failed(this.#broken.problem);
    if (this.#closing.signal.aborted) return failed(CLOSED);
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.process.hasEnded) return ok(idle);
      this.#all.delete(idle.process);
    }
    const { promise, resolve } = Promise.withResolvers<Taken<Answer, Readiness, Problem>>();
    this.#waiting.push(resolve);
    this.#startIfNeeded();
    const stop = onAbort(signal, () => {
      const index = this.#waiting.indexOf(resolve);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      resolve(failed("no process is free: they are being made ready, or all have a file"));
    });
    const taken = await promise;
    stop();
    return taken;
  }

  /** @param residentBytes what it takes of memory now */
  giveBack(ready: ReadyProcess<Answer, Readiness>, residentBytes: number): void {
    const isSpent = ready.process.hasEnded || residentBytes > this.#options.keepResidentBytes;
    if (isSpent || this.#closing.signal.aborted) {
      this.#end(ready.process);
      this.#startIfNeeded();
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(ready);
    else next(ok(ready));
  }

  /** No more processes are started; those that work are ended when they are given back. */
  retire(): void {
    this.#closing.abort();
    for (const { process } of this.#idle.splice(0)) this.#end(process);
    for (const next of this.#waiting.splice(0)) next(failed(CLOSED));
  }

  /** Ends all of them now. */
  close(): void {
    this.retire();
    for (const process of this.#all) this.#end(process);
  }

  #startIfNeeded(): void {
    if (this.#waiting.length <= this.#starting || this.#closing.signal.aborted) return;
    if (this.#all.size < this.#options.maxProcesses) void this.#start();
  }

  /** What comes of it is for the first who waits. */
  async #start(): Promise<void> {
    let process: AskedProcess<Answer>;
    try {
      process = new AskedProcess(this.#deps, this.#options);
    } catch (error) {
      const problem = failed(`the process was not started: ${String(error)}`);
      for (const next of this.#waiting.splice(0)) next(problem);
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
    for (const next of this.#waiting.splice(0, isFinal ? Infinity : 1)) next(failed(problem));
    this.#startIfNeeded();
  }

  #end(process: AskedProcess<Answer>): void {
    process.end();
    this.#all.delete(process);
  }
}

const CLOSED = "these processes are not used any more";

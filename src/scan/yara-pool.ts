import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { onAbort } from "./on-abort.ts";
import type { YaraProblem } from "./yara-messages.ts";
import { YaraProcess, type YaraProcessDeps } from "./yara-process.ts";
import type { YaraRules } from "./yara-rules.ts";

/** Large sets of rules take seconds to compile. */
const COMPILE_MS = 60_000;

/** What a process may take while it looks at one file, in bytes. */
const MAX_RESIDENT_BYTES = 640 * 1024 * 1024;

/** One that takes more than this after a scan is not kept: its memory never shrinks. */
const KEEP_RESIDENT_BYTES = 384 * 1024 * 1024;

export interface YaraPoolDeps extends YaraProcessDeps {
  readonly clock: Clock;
}

/** A process that has its rules. */
export interface ReadyYara {
  readonly process: YaraProcess;
  /** Of the library. */
  readonly version: string;
  /** Warnings of the compiler. */
  readonly problems: readonly YaraProblem[];
}

/** Why there is no process: the rules, or words. */
export type YaraStartProblem = readonly YaraProblem[] | string;

type Taken = Result<ReadyYara, YaraStartProblem>;

/**
 * The processes of one set of rules. They are started when they are needed, kept while nobody needs them, and never used again after
 * a question that had no answer. There are never more than `maxProcesses`, those that still compile among them.
 */
export class YaraPool {
  readonly rules: YaraRules;
  readonly #deps: YaraPoolDeps;
  readonly #maxProcesses: number;
  readonly #all = new Set<YaraProcess>();
  readonly #idle: ReadyYara[] = [];
  /** In the order of asking. */
  readonly #waiting: ((taken: Taken) => void)[] = [];
  #starting = 0;
  readonly #closing = new AbortController();
  /** Whoever comes later need not compile them to learn it. */
  #broken: readonly YaraProblem[] | undefined;

  constructor(deps: YaraPoolDeps, rules: YaraRules, maxProcesses: number) {
    this.#deps = deps;
    this.rules = rules;
    this.#maxProcesses = maxProcesses;
  }

  /** Numbers of the processes that there are, for tests and for an operator. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => pid ?? []);
  }

  /**
   * One that waits, or a new one, or the next that is given back. `giveBack` must follow. Never rejects; takes as long as the rules take to
   * compile, unless the signal aborts: then what is being started is for the next who asks.
   */
  async take(signal: AbortSignal): Promise<Taken> {
    if (this.#broken !== undefined) return failed(this.#broken);
    if (this.#closing.signal.aborted) return failed("these rules are not used any more");
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.process.hasEnded) return ok(idle);
      this.#all.delete(idle.process);
    }
    const { promise, resolve } = Promise.withResolvers<Taken>();
    this.#waiting.push(resolve);
    this.#startIfNeeded();
    const stop = onAbort(signal, () => {
      const index = this.#waiting.indexOf(resolve);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      resolve(failed("no process is free: its rules are compiled, or all have a file"));
    });
    const taken = await promise;
    stop();
    return taken;
  }

  /** @param residentBytes what it takes of memory now */
  giveBack(ready: ReadyYara, residentBytes: number): void {
    const isSpent = ready.process.hasEnded || residentBytes > KEEP_RESIDENT_BYTES;
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
    for (const next of this.#waiting.splice(0)) next(failed("these rules are not used any more"));
  }

  /** Ends all of them now. */
  close(): void {
    this.retire();
    for (const process of this.#all) this.#end(process);
  }

  #startIfNeeded(): void {
    if (this.#waiting.length <= this.#starting || this.#closing.signal.aborted) return;
    if (this.#all.size < this.#maxProcesses) void this.#start();
  }

  /** What comes of it is for the first who waits. */
  async #start(): Promise<void> {
    let process: YaraProcess;
    try {
      process = new YaraProcess(this.#deps, { maxResidentBytes: MAX_RESIDENT_BYTES });
    } catch (error) {
      const problem = failed(`the process was not started: ${String(error)}`);
      for (const next of this.#waiting.splice(0)) next(problem);
      return;
    }
    this.#all.add(process);
    this.#starting += 1;
    const compiled = await this.#compile(process);
    this.#starting -= 1;
    if (compiled.ok) {
      this.giveBack(compiled.value, 0);
      return;
    }
    this.#end(process);
    const isFinal = this.#broken !== undefined;
    for (const next of this.#waiting.splice(0, isFinal ? Infinity : 1)) next(compiled);
    this.#startIfNeeded();
  }

  async #compile(process: YaraProcess): Promise<Taken> {
    const { signal } = this.#closing;
    const question = { kind: "rules", sources: this.rules.sources } as const;
    const answer = await process.ask({ question, deadlineMs: COMPILE_MS, signal });
    if (!answer.ok) return failed(`the rules were not compiled: ${answer.problem}`);
    if (answer.value.kind !== "compiled") return failed("the rules were not compiled: garbled");
    const { version, problems } = answer.value;
    const isGood = problems.every(({ severity }) => severity !== "error");
    if (isGood) return ok({ process, version, problems });
    this.#broken = problems;
    return failed(problems);
  }

  #end(process: YaraProcess): void {
    process.end();
    this.#all.delete(process);
  }
}

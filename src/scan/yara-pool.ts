import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
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

/**
 * The processes of one set of rules. They are started when they are needed, kept while nobody needs them, and never used again after
 * a question that had no answer.
 */
export class YaraPool {
  readonly rules: YaraRules;
  readonly #deps: YaraPoolDeps;
  readonly #all = new Set<YaraProcess>();
  readonly #idle: ReadyYara[] = [];
  readonly #closing = new AbortController();
  /** Whoever comes later need not compile them to learn it. */
  #broken: readonly YaraProblem[] | undefined;

  constructor(deps: YaraPoolDeps, rules: YaraRules) {
    this.#deps = deps;
    this.rules = rules;
  }

  /** Numbers of the processes that there are, for tests and for an operator. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => pid ?? []);
  }

  /** One that waits, or a new one. `giveBack` must follow. Never rejects; takes as long as the rules take to compile. */
  async take(): Promise<Result<ReadyYara, YaraStartProblem>> {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) return this.#start();
      if (!idle.process.hasEnded) return ok(idle);
      this.#all.delete(idle.process);
    }
  }

  /** @param residentBytes what it takes of memory now */
  giveBack(ready: ReadyYara, residentBytes: number): void {
    const isSpent = ready.process.hasEnded || residentBytes > KEEP_RESIDENT_BYTES;
    if (isSpent || this.#closing.signal.aborted) this.#end(ready.process);
    else this.#idle.push(ready);
  }

  /** No more processes are started; those that work are ended when they are given back. */
  retire(): void {
    this.#closing.abort();
    for (const { process } of this.#idle.splice(0)) this.#end(process);
  }

  /** Ends all of them now. */
  close(): void {
    this.retire();
    for (const process of this.#all) this.#end(process);
  }

  async #start(): Promise<Result<ReadyYara, YaraStartProblem>> {
    if (this.#broken !== undefined) return failed(this.#broken);
    if (this.#closing.signal.aborted) return failed("it is being closed");
    let process: YaraProcess;
    try {
      process = new YaraProcess(this.#deps, { maxResidentBytes: MAX_RESIDENT_BYTES });
    } catch (error) {
      return failed(`the process was not started: ${String(error)}`);
    }
    this.#all.add(process);
    const { signal } = this.#closing;
    const question = { kind: "rules", sources: this.rules.sources } as const;
    const answer = await process.ask({ question, deadlineMs: COMPILE_MS, signal });
    if (answer.ok && answer.value.kind === "compiled") {
      const { version, problems } = answer.value;
      if (problems.every(({ severity }) => severity !== "error")) {
        return ok({ process, version, problems });
      }
      this.#broken = problems;
      this.#end(process);
      return failed(problems);
    }
    this.#end(process);
    return failed(`the rules were not compiled: ${answer.ok ? "garbled" : answer.problem}`);
  }

  #end(process: YaraProcess): void {
    process.end();
    this.#all.delete(process);
  }
}

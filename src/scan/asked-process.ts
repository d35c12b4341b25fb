import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { onAbort } from "./on-abort.ts";
import { AnswerReader, frameOf, jsonFrame, type AnswerFormat } from "./process-frames.ts";
import { residentBytes } from "./resident-bytes.ts";

/** A process with a pipe each way. */
export type PipedChild = ChildProcessByStdio<Writable, Readable, null>;

export interface ProcessDeps {
  readonly clock: Clock;
  /** For tests; default: node with the module that does the work. */
  readonly start?: (() => PipedChild) | undefined;
  /** For tests; default: what the system says. */
  readonly residentBytes?: ((pid: number) => number | undefined) | undefined;
}

/** Those of a process, with what starts it. */
export interface StartedDeps extends ProcessDeps {
  readonly start: () => PipedChild;
}

export interface ProcessOptions<Answer> {
  /** A process that takes more memory than this, in bytes, is ended. */
  readonly maxResidentBytes: number;
  readonly answers: AnswerFormat<Answer>;
}

/** What is asked, and how long it may take. */
export interface ProcessTask<Answer> {
  readonly question: object;
  /** The bytes that follow the question, in pieces. Throws when they cannot be read. */
  readonly bytes?: Iterable<Buffer>;
  /**
   * The bytes that an answer asks for, which are sent in a frame; undefined: it asks for none, and is the answer to the question. Throws when
   * they cannot be read. Absent: every answer is one.
   */
  readonly more?: (answer: Answer) => Buffer | undefined;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Why there is no answer; the process has ended then, or is being ended. "aborted": by the signal. "timeout": the deadline. "memory": it took
 * too much. "gone": it ended by itself, or could not be started. "garbled": it said what is no answer. "source": the bytes could not be read.
 */
export type ProcessFailure = "aborted" | "timeout" | "memory" | "gone" | "garbled" | "source";

const WATCH_MEMORY_EVERY_MS = 100;

/**
 * One process that does what may not be done among others: work on hostile bytes that takes as long and as much memory as it takes. It
 * is asked one thing at a time, and ended by whoever made it.
 */
export class AskedProcess<Answer> {
  readonly #deps: StartedDeps;
  readonly #options: ProcessOptions<Answer>;
  readonly #child: PipedChild;
  #hasEnded = false;
  /** The question and all of its bytes are on their way. */
  #isAwaiting = false;
  /** Of the question that is being asked. */
  #settle: ((answer: Result<Answer, ProcessFailure>) => void) | undefined;
  #more: ProcessTask<Answer>["more"];

  /** Starts it; one that cannot be started has ended. Throws when the system has no room for another process. */
  constructor(deps: StartedDeps, options: ProcessOptions<Answer>) {
    this.#deps = deps;
    this.#options = options;
    this.#child = deps.start();
    const reader = new AnswerReader(options.answers);
    this.#child.on("error", () => this.#fail("gone"));
    this.#child.on("exit", () => this.#fail("gone"));
    if (this.#child.pid === undefined) {
      // Its "error" follows; where the system has no descriptors left, it has no pipes.
      this.#hasEnded = true;
      return;
    }
    // Its end says more than a broken pipe.
    this.#child.stdin.on("error", () => undefined);
    this.#child.stdout.on("error", () => undefined);
    this.#child.stdout.on("data", (chunk: Buffer) => {
      const answer = reader.push(chunk);
      if (answer === undefined) return;
      // an answer to nothing, or to half a file, is none either
      if (answer === "garbled" || !this.#isAwaiting) this.#fail("garbled");
      else this.#take(answer);
    });
  }

  /** It answers nothing any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Undefined: it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Never rejects. */
  async ask(task: ProcessTask<Answer>): Promise<Result<Answer, ProcessFailure>> {
    if (this.#hasEnded || this.#settle !== undefined) return failed("gone");
    const { promise, resolve } = Promise.withResolvers<Result<Answer, ProcessFailure>>();
    this.#settle = resolve;
    this.#more = task.more;
    const stop = onAbort(task.signal, () => this.#fail("aborted"));
    const deadline = this.#deps.clock.schedule(task.deadlineMs, () => this.#fail("timeout"));
    const watch = this.#watchMemory();
    void this.#send(task);
    const answer = await promise;
    this.#settle = undefined;
    this.#more = undefined;
    this.#isAwaiting = false;
    stop();
    deadline.cancel();
    watch.cancel();
    return answer;
  }

  /** Ends it at once; what it was asked is answered with "gone". */
  end(): void {
    this.#fail("gone");
  }

  #fail(failure: ProcessFailure): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#child.kill("SIGKILL");
      this.#child.stdin.destroy();
      this.#child.stdout.destroy();
    }
    this.#settle?.(failed(failure));
  }

  #take(answer: Answer): void {
    let bytes: Buffer | undefined;
    try {
      bytes = this.#more?.(answer);
    } catch {
      this.#fail("source");
      return;
    }
    // It waits for them, so that no more than these lie in memory.
    if (bytes === undefined) this.#settle?.(ok(answer));
    else this.#child.stdin.write(frameOf(bytes));
  }

  /**
   * Waits before a piece wherever the process does not keep up, so that few lie in memory; not behind the last one, whose answer may
   * be here before the news that it has been taken.
   */
  async #send({ question, bytes = [] }: ProcessTask<Answer>): Promise<void> {
    const { stdin } = this.#child;
    try {
      let hasRoom = stdin.write(jsonFrame(question));
      for (const piece of bytes) {
        if (!hasRoom) await drained(stdin);
        if (this.#hasEnded) return;
        hasRoom = stdin.write(piece);
      }
      this.#isAwaiting = true;
    } catch {
      this.#fail("source");
    }
  }

  #watchMemory(): { cancel(): void } {
    const measure = this.#deps.residentBytes ?? residentBytes;
    const { pid } = this.#child;
    const look = (): void => {
      const bytes = pid === undefined ? undefined : measure(pid);
      if (bytes !== undefined && bytes > this.#options.maxResidentBytes) this.#fail("memory");
      else next = this.#deps.clock.schedule(WATCH_MEMORY_EVERY_MS, look);
    };
    let next = this.#deps.clock.schedule(WATCH_MEMORY_EVERY_MS, look);
    return { cancel: () => next.cancel() };
  }
}

/** Room for more, or nothing will be written any more. */
async function drained(stdin: Writable): Promise<void> {
  if (stdin.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  stdin.once("drain", done);
  stdin.once("close", done);
  await promise;
  stdin.off("drain", done);
  stdin.off("close", done);
}

/**
 * Starts node with a module of ours: without an environment, the right to write or to start anything, and any descriptor but its pipes.
 *
 * @param flags of node, beside those that every such process has
 */
export function startPiped(entry: URL, flags: readonly string[] = []): PipedChild {
  const all = ["--permission", "--allow-fs-read=*", "--max-old-space-size=128", ...flags];
  return spawn(process.execPath, [...all, fileURLToPath(entry)], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {},
  });
}

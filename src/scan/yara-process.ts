import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { workerEntry } from "../base/worker-entry.ts";
import { onAbort } from "./on-abort.ts";
import { residentBytes } from "./resident-bytes.ts";
import { YaraAnswerReader, yaraFrame } from "./yara-frames.ts";
import type { YaraAnswer, YaraQuestion } from "./yara-messages.ts";

/** A process with a pipe each way. */
export type YaraChild = ChildProcessByStdio<Writable, Readable, null>;

export interface YaraProcessDeps {
  readonly clock: Clock;
  /** For tests; default: node with yara-child.ts. */
  readonly start?: (() => YaraChild) | undefined;
  /** For tests; default: what the system says. */
  readonly residentBytes?: ((pid: number) => number | undefined) | undefined;
}

export interface YaraProcessOptions {
  /** A process that takes more memory than this, in bytes, is ended. */
  readonly maxResidentBytes: number;
}

/** What is asked, and how long it may take. */
export interface YaraTask {
  readonly question: YaraQuestion;
  /** The bytes that follow the question, in pieces. Throws when they cannot be read. */
  readonly bytes?: Iterable<Buffer>;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Why there is no answer; the process has ended then, or is being ended. "aborted": by the signal. "timeout": the deadline. "memory": it took
 * too much. "gone": it ended by itself, or could not be started. "garbled": it said what is no answer. "source": the bytes could not be read.
 */
export type YaraFailure = "aborted" | "timeout" | "memory" | "gone" | "garbled" | "source";

const WATCH_MEMORY_EVERY_MS = 100;

/** Pages of 64 KiB: beyond 512 MiB the library's memory does not grow, and the process ends. */
const MAX_WASM_PAGES = 8192;

/** One process that runs YARA. It is asked one thing at a time, and ended by whoever made it. */
export class YaraProcess {
  readonly #deps: YaraProcessDeps;
  readonly #options: YaraProcessOptions;
  readonly #child: YaraChild;
  #hasEnded = false;
  /** The question and all of its bytes are on their way. */
  #isAwaiting = false;
  /** Of the question that is being asked. */
  #settle: ((answer: Result<YaraAnswer, YaraFailure>) => void) | undefined;

  /** Starts it; one that cannot be started has ended. Throws when the system has no room for another process. */
  constructor(deps: YaraProcessDeps, options: YaraProcessOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#child = (deps.start ?? startYaraChild)();
    const reader = new YaraAnswerReader();
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
      else this.#settle?.(ok(answer));
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
  async ask(task: YaraTask): Promise<Result<YaraAnswer, YaraFailure>> {
    if (this.#hasEnded || this.#settle !== undefined) return failed("gone");
    const { promise, resolve } = Promise.withResolvers<Result<YaraAnswer, YaraFailure>>();
    this.#settle = resolve;
    const stop = onAbort(task.signal, () => this.#fail("aborted"));
    const deadline = this.#deps.clock.schedule(task.deadlineMs, () => this.#fail("timeout"));
    const watch = this.#watchMemory();
    void this.#send(task);
    const answer = await promise;
    this.#settle = undefined;
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

  #fail(failure: YaraFailure): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#child.kill("SIGKILL");
      this.#child.stdin.destroy();
      this.#child.stdout.destroy();
    }
    this.#settle?.(failed(failure));
  }

  /** Waits wherever the process does not keep up, so that no more than one piece lies in memory. */
  async #send({ question, bytes = [] }: YaraTask): Promise<void> {
    const { stdin } = this.#child;
    try {
      stdin.write(yaraFrame(question));
      for (const piece of bytes) {
        if (this.#hasEnded) return;
        if (!stdin.write(piece)) await drained(stdin);
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

/** Without an environment, the right to write or to start anything, and any descriptor but its pipes. */
function startYaraChild(): YaraChild {
  const entry = workerEntry(import.meta.url, "yara-child");
  const flags = [
    "--permission",
    "--allow-fs-read=*",
    "--max-old-space-size=128",
    `--wasm-max-mem-pages=${MAX_WASM_PAGES}`,
  ];
  return spawn(process.execPath, [...flags, fileURLToPath(entry)], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {},
  });
}

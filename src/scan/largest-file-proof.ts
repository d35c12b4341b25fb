import type { Clock } from "../base/clock.ts";
import { LARGEST_BYTES, largestFile, SMALLEST_BYTES } from "./largest-file.ts";
import type { ScanSource } from "./scan-engine.ts";
import type { ServerAnswer } from "./scan-result.ts";

export interface LargestFileDeps {
  readonly clock: Clock;
  /** Has it scanned as any file is, and gives its place to nobody else. Never rejects. */
  readonly scan: (source: ScanSource, signal: AbortSignal) => Promise<ServerAnswer>;
}

export interface LargestFileOptions {
  /** The largest file that is ever sent to the engine. */
  readonly bytes: number;
  /** What such a file may take. */
  readonly timeoutMs: number;
  /** What an operator can do about it. */
  readonly advice: string;
}

/** It is sent again after so long: when the engine is probed again, when it was found to be lying, when it did not answer. */
const AGAIN_MS = 60_000;
const LYING_AGAIN_MS = 5000;
const UNANSWERED_AGAIN_MS = 30_000;

/**
 * Shows that an engine looks at a file as large as any that is let through: it is sent an archive of exactly that size, in the background, since that
 * takes a second for each 100 MB, or more. One that finds the test file at its end sees all of it. One that says what it could not do is used, with a
 * warning: such files are stopped, and their senders should hear of it before they send them. One that calls it clean is of no use.
 */
export class LargestFileProof implements Disposable {
  /** Why the engine cannot be used; undefined: nothing is known against it. */
  problem: string | undefined;
  /** What an operator should change although it can be used; empty: nothing. */
  warning = "";
  readonly #deps: LargestFileDeps;
  readonly #options: LargestFileOptions;
  readonly #disposal = new AbortController();
  #isRunning = false;
  #notBeforeMs = -Infinity;
  /** It has not answered yet. */
  #isOpen = true;

  constructor(deps: LargestFileDeps, options: LargestFileOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Sends the file, if it is time. @param isProbed the engine has just been probed; else it has only shown that it is there */
  begin(isProbed: boolean): void {
    const isDue = this.#deps.clock.monotonicMs() >= this.#notBeforeMs;
    if (this.#isRunning || !isDue || !(isProbed || this.#isOpen)) return;
    if (this.#options.bytes < SMALLEST_BYTES) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
    });
  }

  [Symbol.dispose](): void {
    this.#disposal.abort();
  }

  async #run(): Promise<void> {
    const { clock, scan } = this.#deps;
    const bytes = Math.min(this.#options.bytes, LARGEST_BYTES);
    const source = await largestFile(bytes);
    const deadline = new AbortController();
    const timer = clock.schedule(this.#options.timeoutMs, () => deadline.abort());
    const answer = await scan(source, AbortSignal.any([deadline.signal, this.#disposal.signal]));
    timer.cancel();
    if (!this.#disposal.signal.aborted) this.#judge(answer, bytes);
  }

  #judge(answer: ServerAnswer, bytes: number): void {
    const { advice } = this.#options;
    const said = "reason" in answer ? `${answer.kind}: ${answer.reason}` : answer.kind;
    const words = `says "${said}" of an archive of ${bytes} bytes, the largest file that is let through, with the EICAR test file in it`;
    const isAway =
      answer.kind === "error" && (answer.reason === "down" || answer.reason === "overloaded");
    const isLying = answer.kind === "clean";
    this.#isOpen = answer.kind === "error";
    if (!isAway) {
      this.problem = isLying ? `${words}: ${advice}` : undefined;
      this.warning = isLying || "threat" in answer ? "" : `${words}: ${advice}`;
    }
    const againMs = isLying ? LYING_AGAIN_MS : this.#isOpen ? UNANSWERED_AGAIN_MS : AGAIN_MS;
    this.#notBeforeMs = this.#deps.clock.monotonicMs() + againMs;
  }
}

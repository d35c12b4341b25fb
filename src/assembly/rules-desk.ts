import { Worker } from "node:worker_threads";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { workerEntry } from "../base/worker-entry.ts";
import { fileProblem } from "../config/read-yaml-file.ts";
import { displayPath } from "../config/read-file.ts";
import type { RulesAnswer, RulesJob } from "./rules-job.ts";

/** Does jobs beside the SIP thread. */
export interface RulesDesk extends AsyncDisposable {
  /** Never rejects: what cannot be done is a bad answer. One job at a time. */
  ask(job: RulesJob): Promise<RulesAnswer>;
}

/** Longer than the largest rule files take that are admitted; whatever takes longer is refused. */
const MAX_JOB_MS = 60_000;

/** How long a worker waits for the next job: it holds some 30 MB. */
const IDLE_MS = 60_000;

/** A rule file of 4 MiB takes a few hundred while it is parsed; tables of lists lie outside. */
const MAX_HEAP_MB = 1024;

/** A worker is started at the first job. */
export function createRulesDesk(clock: Clock): RulesDesk {
  return new WorkerDesk(clock);
}

/** The gateway stops. */
const NO_ANSWER: RulesAnswer = { kind: "bad", problems: [], digest: undefined, places: undefined };

interface Asked {
  readonly seq: number;
  readonly answer: (answer: RulesAnswer) => void;
}

class WorkerDesk implements RulesDesk {
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #asked: Asked | undefined;
  #seq = 0;
  #idle: ScheduledCall | undefined;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async ask(job: RulesJob): Promise<RulesAnswer> {
    // What waited for its turn while the gateway stopped starts no thread any more.
    if (this.#isClosed) return NO_ANSWER;
    this.#idle?.cancel();
    this.#seq += 1;
    const seq = this.#seq;
    const answered = Promise.withResolvers<RulesAnswer>();
    this.#asked = { seq, answer: answered.resolve };
    const patience = this.#clock.schedule(MAX_JOB_MS, () => {
      this.#lose(`it took longer than ${MAX_JOB_MS / 1000} s`);
    });
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    worker.postMessage({ seq, job });
    const answer = await answered.promise;
    patience.cancel();
    this.#worker?.unref();
    if (!this.#isClosed) this.#idle = this.#clock.schedule(IDLE_MS, () => this.#end());
    return placedAnswer(answer, job);
  }

  #start(): Worker {
    const worker = new Worker(workerEntry(import.meta.url, "rules-worker"), {
      name: "rules",
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.on("message", ({ seq, answer }: { seq: number; answer: RulesAnswer }) => {
      if (this.#asked?.seq === seq) this.#settle(answer);
    });
    worker.on("error", (error) => {
      if (this.#worker === worker) this.#lose(error.message);
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#lose("its thread ended");
    });
    return worker;
  }

  #settle(answer: RulesAnswer): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.answer(answer);
  }

  #lose(why: string): void {
    this.#end();
    const message = `the rules could not be read: ${why}`;
    const problem = fileProblem("", message, undefined);
    this.#settle({ kind: "bad", problems: [problem], digest: undefined, places: undefined });
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#idle?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    this.#settle(NO_ANSWER);
    await worker?.terminate();
  }
}

/** What has no place of its own is shown at the first of the rules. */
function placedAnswer(answer: RulesAnswer, job: RulesJob): RulesAnswer {
  if (answer.kind !== "bad" || job.kind !== "load") return answer;
  const [path = ""] = job.paths;
  const problems = answer.problems.map((problem) =>
    problem.file === "" ? { ...problem, file: displayPath(path) } : problem,
  );
  return { ...answer, problems };
}

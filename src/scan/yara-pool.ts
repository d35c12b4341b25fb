import { failed, ok } from "../base/result.ts";
import { workerEntry } from "../base/worker-entry.ts";
import { startPiped, type AskedProcess, type ProcessDeps } from "./asked-process.ts";
import { ProcessPool, type PoolOptions, type ReadyProcess } from "./process-pool.ts";
import { YARA_ANSWERS, type YaraAnswer, type YaraProblem } from "./yara-messages.ts";
import type { YaraRules } from "./yara-rules.ts";

/** Large sets of rules take seconds to compile. */
const COMPILE_MS = 60_000;

/** What a process may take while it looks at one file, in bytes. */
const MAX_RESIDENT_BYTES = 640 * 1024 * 1024;

/** One that takes more than this after a scan is not kept: its memory never shrinks. */
const KEEP_RESIDENT_BYTES = 384 * 1024 * 1024;

/** Pages of 64 KiB: beyond 512 MiB the library's memory does not grow, and the process ends. */
const MAX_WASM_PAGES = 8192;

/** What a process says when it has its rules. */
export interface YaraReadiness {
  /** Of the library. */
  readonly version: string;
  /** Warnings of the compiler. */
  readonly problems: readonly YaraProblem[];
}

export type ReadyYara = ReadyProcess<YaraAnswer, YaraReadiness>;

/** Why there is no process: the rules, or words. */
export type YaraStartProblem = readonly YaraProblem[] | string;

type YaraProblems = readonly YaraProblem[];

/** The processes of one set of rules. */
export class YaraPool extends ProcessPool<YaraAnswer, YaraReadiness, YaraProblems> {
  readonly rules: YaraRules;

  constructor(deps: ProcessDeps, rules: YaraRules, maxProcesses: number) {
    super(
      { ...deps, start: deps.start ?? startYaraChild },
      {
        maxProcesses,
        maxResidentBytes: MAX_RESIDENT_BYTES,
        keepResidentBytes: KEEP_RESIDENT_BYTES,
        answers: YARA_ANSWERS,
        prepare: async (process, signal) => compile(process, rules, signal),
      },
    );
    this.rules = rules;
  }
}

async function compile(
  process: AskedProcess<YaraAnswer>,
  { sources }: YaraRules,
  signal: AbortSignal,
): ReturnType<PoolOptions<YaraAnswer, YaraReadiness, YaraProblems>["prepare"]> {
  const question = { kind: "rules", sources } as const;
  const answer = await process.ask({ question, deadlineMs: COMPILE_MS, signal });
  if (!answer.ok) return notCompiled(answer.problem);
  if (answer.value.kind !== "compiled") return notCompiled("garbled");
  const { version, problems } = answer.value;
  const isGood = problems.every(({ severity }) => severity !== "error");
  return isGood ? ok({ version, problems }) : failed({ problem: problems, isFinal: true });
}

function notCompiled(why: string) {
  return failed({ problem: `the rules were not compiled: ${why}`, isFinal: false });
}

function startYaraChild() {
  const flags = [`--wasm-max-mem-pages=${MAX_WASM_PAGES}`];
  return startPiped(workerEntry(import.meta.url, "yara-child"), flags);
}

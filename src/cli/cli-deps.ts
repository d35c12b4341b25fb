import type { Result } from "../base/result.ts";
import type { ConfigProblem } from "../config/config-problem.ts";
import type { Config } from "../config/config.ts";
import type { JudgeGiven } from "../config/given.ts";
import type { Policy } from "../policy/decision.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line is given by main.ts, so that it needs to know neither the gateway nor the process. */
export interface CliDeps {
  readonly terminal: Terminal;
  readonly version: string;
  /** Runs the inline tests of rule files. */
  readonly judgeGiven: JudgeGiven;
  /**
   * What is wrong with rules that are YARA's own affair, or odd, each at its place: those of a configuration's scan engines, or of files and
   * folders.
   */
  readonly checkYaraRules: (
    what: Pick<Config, "scan"> | readonly string[],
  ) => Promise<readonly ConfigProblem[]>;
  /** Decides as the gateway would, offline. The problem is a sentence (a SIP file that cannot be read, a bad address). */
  readonly tryMessage: (
    config: Config,
    policy: Policy,
    input: TryInput,
  ) => Promise<Result<TryOutcome, string>>;
  /**
   * Resolves when every listener is up. Problems: rules that cannot be put in force. Rejects with a CodedError when a
   * port, a folder or a socket cannot be had.
   */
  readonly startGateway: (
    config: Config,
    log: ProgramLog,
  ) => Promise<Result<RunningGateway, readonly ConfigProblem[]>>;
  /** Plays `sluice demo` on the terminal; true: everything came out as it should. Never rejects. */
  readonly runDemo: (options: {
    readonly keep: boolean;
    /** "20000-20009"; undefined: any free ones. */
    readonly portRange: string | undefined;
  }) => Promise<boolean>;
}

/** The running gateway as `sluice run` sees it. */
export interface RunningGateway {
  /** Real addresses and ports, e.g. "udp://127.0.0.1:5060". */
  readonly endpoints: readonly string[];
  /** What to try first, a line each; may be empty. */
  readonly hints: readonly string[];
  /** Warnings of the rules that were loaded. */
  readonly warnings: readonly ConfigProblem[];
  /** Drains and stops. The signal aborts the draining: stop at once. */
  stop(hurry: AbortSignal): Promise<void>;
  reload(): Promise<ReloadOutcome>;
  reopenLogs(): Promise<void>;
  /** Settles only when the gateway cannot go on; it is then stopped, and the exit code is 1. */
  readonly failed: Promise<Error>;
}

export interface ReloadOutcome {
  readonly ok: boolean;
  readonly generation: number;
  /** A sentence each, with file:line:column; warnings too. */
  readonly problems: readonly string[];
}

/** The program's own log. */
export interface ProgramLog {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** What `sluice try` asks about. */
export interface TryInput {
  /** "" only when the source is a whole SIP message, which names its own. */
  readonly from: string;
  readonly to: string;
  /** Wall clock for the rules, milliseconds since 1970. */
  readonly now: number;
  readonly source:
    | { readonly kind: "text" | "html"; readonly text: string }
    | { readonly kind: "file"; readonly name: string; readonly bytes: Buffer }
    | { readonly kind: "message"; readonly bytes: Buffer };
}

/** The JSON of `sluice try --json` (DESIGN §6). */
export interface TryOutcome {
  readonly action: string;
  /** SIP status of the answer; null when the message is forwarded. */
  readonly respond: number | null;
  readonly rule: string | null;
  readonly reason: string;
  /** Name of the policy whose rules were asked; null when none was. */
  readonly policy: string | null;
  /** Text as it would go out; null when nothing goes out or there is no text. */
  readonly text: string | null;
  readonly parts: readonly unknown[];
  readonly trace: readonly TraceStep[];
}

/** One rule that was looked at. */
export interface TraceStep {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  /** "message", "session" or "file"; "" in a record of an earlier version. */
  readonly phase: string;
  readonly matched: boolean;
  /** Why it was not evaluated in force; absent: it was. */
  readonly note?: string | undefined;
  readonly leaves: readonly {
    readonly field: string;
    readonly value: string;
    readonly matched: boolean;
  }[];
}

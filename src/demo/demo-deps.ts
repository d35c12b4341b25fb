import type { Clock } from "../base/clock.ts";

/** What the demonstration is given by main.ts. */
export interface DemoDeps {
  readonly clock: Clock;
  /** Where the story is told. */
  readonly output: DemoOutput;
  /** NO_COLOR and TERM are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs this very program: executable, then the arguments that come before the command's own. */
  readonly program: readonly [string, ...string[]];
  /** The folder of the shipped rules. */
  readonly rulesDir: string;
  /** The handler stays until the returned function is called. */
  onSignal(name: "SIGINT" | "SIGTERM" | "SIGHUP", handler: () => void): () => void;
}

export interface DemoOutput {
  write(text: string): unknown;
  readonly isTTY: boolean;
}

export interface DemoOptions {
  /** Leaves the folder with configuration, log, incidents and quarantine behind. */
  readonly keep: boolean;
  /** TCP ports of the relay, "20000-20009"; undefined: ten that are free. */
  readonly portRange: string | undefined;
}

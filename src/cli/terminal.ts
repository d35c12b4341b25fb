/** Where a command writes to and hears signals from; the real one is in process-terminal.ts, tests hand in their own. */
export interface Terminal {
  readonly stdout: TerminalOutput;
  readonly stderr: TerminalOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The handler stays until the returned function is called. */
  onSignal(name: SignalName, handler: () => void): () => void;
  /** The destination of the program's own log (JSON lines); it must never block. */
  openLog(): LogSink;
}

export type SignalName = "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGUSR1";

export interface TerminalOutput {
  write(text: string): unknown;
  readonly isTTY: boolean;
  /** Characters; undefined: not known. */
  readonly columns: number | undefined;
}

export interface LogSink {
  write(line: string): unknown;
  /** Writes out what still waits. */
  end(): void;
}

import type { SignalName, Terminal, TerminalOutput } from "./terminal.ts";

/** A terminal that remembers what was written, and on which tests raise signals. */
export interface FakeTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
  readonly log: () => string;
  raise(name: SignalName): void;
}

export function createFakeTerminal(
  options: {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly env?: Record<string, string>;
  } = {},
): FakeTerminal {
  const written = { out: "", err: "", log: "" };
  const handlers = new Map<SignalName, Set<() => void>>();
  const output = (name: "out" | "err"): TerminalOutput => ({
    write: (text) => (written[name] += text),
    isTTY: options.isTTY ?? false,
    columns: options.columns,
  });
  return {
    stdout: output("out"),
    stderr: output("err"),
    env: options.env ?? { NO_COLOR: "1" },
    onSignal(name, handler) {
      const set = handlers.get(name) ?? new Set();
      handlers.set(name, set.add(handler));
      return () => set.delete(handler);
    },
    openLog: () => ({ write: (line) => (written.log += line), end: () => undefined }),
    out: () => written.out,
    err: () => written.err,
    log: () => written.log,
    raise(name) {
      for (const handler of handlers.get(name) ?? []) handler();
    },
  };
}

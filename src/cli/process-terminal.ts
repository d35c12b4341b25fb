import { pino } from "pino";
import type { Terminal, TerminalOutput } from "./terminal.ts";

const LOG_BUFFER_BYTES = 4 * 1024 * 1024;

/** The terminal, signals and environment of this process, for main.ts. */
export function processTerminal(): Terminal {
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    env: process.env,
    onSignal(name, handler) {
      process.on(name, handler);
      if (name !== "SIGTERM") return () => process.off(name, handler);
      // Whoever has started us with a channel (sluice demo) and is gone cannot send a signal any more.
      process.on("disconnect", handler);
      return () => {
        process.off(name, handler);
        process.off("disconnect", handler);
      };
    },
    openLog() {
      // Asynchronous: whoever reads our log slowly must not hold up SIP. What exceeds the buffer is dropped.
      const sink = pino.destination({ dest: 2, sync: false, maxLength: LOG_BUFFER_BYTES });
      return { write: (line) => sink.write(line), end: () => sink.flushSync() };
    },
  };
}

function outputOf(stream: NodeJS.WriteStream): TerminalOutput {
  // The reader of a pipe may have gone (`| head`): that is no failure of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    write: (text) => stream.write(text),
    // Node leaves the property out when it is no terminal.
    isTTY: "isTTY" in stream && stream.isTTY,
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
  };
}

import { pino } from "pino";
import type { ProgramLog } from "./cli-deps.ts";
import type { LogSink } from "./terminal.ts";

/** The program's own log: pino's JSON lines. Never a message body (REVIEW.md §2). */
export function createProgramLog(sink: LogSink, level: string): ProgramLog {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  return {
    debug: (message, details) => logger.debug(details ?? {}, message),
    info: (message, details) => logger.info(details ?? {}, message),
    warn: (message, details) => logger.warn(details ?? {}, message),
    error: (message, details) => logger.error(details ?? {}, message),
  };
}

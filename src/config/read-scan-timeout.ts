import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import { millisecondsOf } from "./quantities.ts";

/** A timer of the runtime that is longer than 24.8 days goes off at once. */
const LONGEST_MS = 86_400_000;

/** How long a scan or a request may take, milliseconds. With none at all every scan would fail without a word why. */
export function readScanTimeout(text: string, path: RulePath, sink: ProblemSink): number {
  const ms = millisecondsOf(text);
  if (ms < 1 || ms > LONGEST_MS) sink.error(path, "must be from 1ms to 24h", "write it as 60s");
  return ms;
}

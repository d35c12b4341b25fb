import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import { bytesOf } from "./quantities.ts";
import type { EngineData } from "./scan-schema.ts";

/** `max_file_size` of an entry of `scan.engines`, in bytes; undefined: the engine takes any size. */
export function readMaxBytes(
  { max_file_size: size }: EngineData,
  path: RulePath,
  sink: ProblemSink,
): number | undefined {
  if (size === undefined) return undefined;
  const bytes = bytesOf(size);
  if (bytes === 0) {
    const hint = "write the largest file that the engine takes, as 100MiB";
    sink.error([...path, "max_file_size"], "must be at least 1 byte", hint);
  }
  return bytes;
}

/**
 * The entry of a process that looks into files (look-process.ts starts it). It reads a question from its standard input, asks for the
 * bytes that it wants to see, and writes what it saw; it has no sockets, may neither write files nor start anything, and knows
 * of the file no more than its bytes. Whatever goes wrong ends it: who asked sees that, and starts another.
 */
import { LOOK_LIMITS, type LookLimits } from "../content/look-budget.ts";
import { readFrame, writeAnswer } from "./child-pipes.ts";
import { lookAtSource } from "./look-at-source.ts";
import { MAX_PIECE_BYTES, type LookAnswer, type LookQuestion } from "./look-messages.ts";
import type { ScanSource } from "./scan-engine.ts";

function write(answer: LookAnswer): void {
  writeAnswer(answer);
}

/** A file that lies on the other side of the pipes, all but its beginning. */
function sourceOf({ size, sha256 }: LookQuestion, first: Buffer): ScanSource {
  return {
    size,
    sha256,
    read(buffer, start) {
      if (start >= 0 && start < first.length) return first.copy(buffer, 0, start);
      write({ kind: "read", start, length: Math.min(buffer.length, MAX_PIECE_BYTES) });
      const piece = readFrame();
      if (piece === undefined) throw new Error("whoever asked has gone");
      return piece.copy(buffer);
    },
  };
}

/** In all, of one file: what a look may cost the machine. */
const MAX_CPU_MS = 10_000;

function limitsFromNow(): LookLimits {
  const begin = process.cpuUsage();
  return {
    ...LOOK_LIMITS,
    isOutOfTime() {
      const { user, system } = process.cpuUsage(begin);
      return user + system > MAX_CPU_MS * 1000;
    },
  };
}

for (let body = readFrame(); body !== undefined; body = readFrame()) {
  const question = JSON.parse(body.toString("utf8")) as LookQuestion;
  const first = readFrame();
  if (first === undefined) break;
  const look = await lookAtSource(sourceOf(question, first), limitsFromNow());
  if (look === undefined) throw new Error("the file cannot be read");
  write({ kind: "looked", look, residentBytes: process.memoryUsage.rss() });
}

import { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { AskedProcess, type PipedChild } from "./asked-process.ts";
import { jsonFrame } from "./process-frames.ts";

const PIECE = Buffer.from("all of it");

/** Answers as soon as it has the piece, while nobody has been told yet that the piece was taken. */
function childAhead(): PipedChild {
  const stdout = new Readable({ read: () => undefined });
  const stdin = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, taken) {
      if (chunk.equals(PIECE)) stdout.push(jsonFrame({ kind: "answer" }));
      else taken();
    },
  });
  const child = Object.assign(new EventEmitter(), { stdin, stdout, pid: 1, kill: () => true });
  // what a process has beside these, nobody asks for here
  return child as unknown as PipedChild;
}

describe("AskedProcess", () => {
  it("takes the answer that is here before the news that all bytes have been taken", async () => {
    const process = new AskedProcess(
      { clock: createManualClock(), start: childAhead, residentBytes: () => 0 },
      {
        maxResidentBytes: 1,
        answers: { maxBytes: 100, isAnswer: (value): value is object => value !== null },
      },
    );
    const answer = await process.ask({
      question: {},
      bytes: [PIECE],
      deadlineMs: 1000,
      signal: new AbortController().signal,
    });
    expect(answer).toEqual({ ok: true, value: { kind: "answer" } });
    process.end();
  });
});

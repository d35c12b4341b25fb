import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal } from "../../test/support/memory-journal.ts";
import type { QuarantineReader } from "../quarantine/quarantine.ts";
import { expireQuarantine } from "./expire-quarantine.ts";

const DAY_MS = 86_400_000;

describe("expireQuarantine", () => {
  it("runs at the start and every hour, also after a failure, and says what it deleted", async () => {
    const clock = createManualClock();
    const journal = createMemoryJournal();
    const warnings: string[] = [];
    const asked: number[] = [];
    const outcomes = [0, new Error("EIO"), 3];
    const expire = async (now: number, maxAgeMs: number): Promise<number> => {
      asked.push(maxAgeMs);
      expect(now).toBe(clock.now());
      const outcome = outcomes.shift() ?? 0;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
    const forget = async (_: number, maxAgeMs: number): Promise<number> => {
      expect(maxAgeMs).toBe(104 * DAY_MS);
      return 2 - journal.operations.length;
    };
    const reader = { expire, forget } as unknown as QuarantineReader;
    const log = { warn: (message: string) => void warnings.push(message) };
    const expiry = expireQuarantine({ clock, journal, reader, log }, 14);
    for (let hour = 0; hour < 3; hour += 1) {
      await setImmediate();
      clock.advance(3_600_000);
    }
    await expiry[Symbol.asyncDispose]();
    expect(asked).toEqual([14, 14, 14, 14].map((days) => days * DAY_MS));
    expect(warnings).toHaveLength(1);
    expect(journal.operations).toMatchObject([
      { type: "quarantine", details: { files: 0, stories: 2 } },
      { type: "quarantine", details: { files: 3, stories: 1 } },
    ]);
    expect(clock.scheduledCalls).toBe(0);
  });
});

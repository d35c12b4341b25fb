import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal } from "../../test/support/memory-journal.ts";
import { createQuarantineReader } from "../quarantine/create-quarantine-reader.ts";
import { createQuarantineWriter } from "../quarantine/create-quarantine-writer.ts";
import { idOf, KEY, sourceOf, STORY } from "../quarantine/kept-files.test-data.ts";
import type {
  KeepResult,
  QuarantineReader,
  RemovedItem,
  TrimGoal,
} from "../quarantine/quarantine.ts";
import { CAN_MOUNT, mountSmallDisk } from "../spool/small-disk.test-data.ts";
import { type QuarantineRetention, startRetention } from "./quarantine-retention.ts";

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const SETTINGS = { days: 14, maxBytes: 1000, maxFiles: 10, highWater: 0.5, minAgeMs: DAY_MS };

function removed(count: number): readonly RemovedItem[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `item-${index}`,
    incident: `INC-${index}`,
    sha256: "ab".repeat(32),
  }));
}

/** A quarantine in which `expire` and `trim` come out as given, and that knows what it was asked. */
function stage(changes: Partial<QuarantineReader> = {}) {
  const clock = createManualClock();
  const journal = createMemoryJournal();
  const warnings: string[] = [];
  const goals: TrimGoal[] = [];
  const reader = {
    expire: async () => [],
    forget: async () => 0,
    usage: async () => ({ files: 5, bytes: 900, stories: 0 }),
    trim: async (_: number, goal: TrimGoal) => {
      goals.push(goal);
      return { reached: true, removed: [] };
    },
    ...changes,
  } as unknown as QuarantineReader;
  const log = { warn: (message: string) => void warnings.push(message) };
  const start = () => startRetention({ clock, journal, reader, log }, SETTINGS);
  return { clock, journal, warnings, goals, start };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

describe("startRetention", () => {
  it("runs at the start and every hour, also after a failure, and says what it deleted", async () => {
    const asked: number[] = [];
    const outcomes = [[], new Error("EIO"), removed(3)];
    const { clock, journal, warnings, start } = stage({
      async expire(now, maxAgeMs) {
        asked.push(maxAgeMs);
        expect(now).toBe(clock.now());
        const outcome = outcomes.shift() ?? [];
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
      async forget(_, maxAgeMs) {
        expect(maxAgeMs).toBe(104 * DAY_MS);
        return journal.operations.length === 0 ? 2 : 0;
      },
    });
    const retention = start();
    for (let hour = 0; hour < 3; hour += 1) {
      await settled();
      clock.advance(3_600_000);
    }
    await settled();
    await retention[Symbol.asyncDispose]();
    expect(asked).toEqual([14, 14, 14, 14].map((days) => days * DAY_MS));
    expect(warnings).toEqual(["old files of the quarantine could not be deleted"]);
    expect(journal.operations).toMatchObject([
      { type: "quarantine", details: { stories: 2 } },
      { type: "quarantine", reason: expect.stringContaining("age"), details: { files: 3 } },
    ]);
    expect(journal.reviews).toMatchObject(
      [0, 1, 2].map((index) => ({
        action: "expire",
        incident: `INC-${index}`,
        actor: { by: "limits.quarantine_days" },
      })),
    );
    expect(clock.scheduledCalls).toBe(0);
  });

  it("has the oldest go down to the high-water mark, and warns when nothing may", async () => {
    const { clock, goals, warnings, journal, start } = stage({
      trim: async (_, goal) => {
        goals.push(goal);
        return goals.length === 1
          ? { reached: true, removed: removed(2) }
          : { reached: false, removed: [] };
      },
    });
    const retention = start();
    await settled();
    expect(goals).toEqual([{ maxBytes: 500, maxFiles: 5, minAgeMs: DAY_MS }]);
    expect(journal.operations).toMatchObject([
      { reason: "the oldest kept files were deleted to make room", details: { files: 2 } },
    ]);
    expect(warnings).toEqual([]);
    clock.advance(3_600_000);
    await settled();
    expect(warnings).toEqual([expect.stringContaining("nothing in it may go yet")]);
    await retention[Symbol.asyncDispose]();
  });
});

describe("makeRoom", () => {
  it.each([
    ["to the mark", 101, undefined, 900, 500],
    ["further, for a large file", 700, undefined, 900, 300],
    ["by what the disk lacks, when others have filled it", 100, 350, 400, 50],
    ["by more than there is, when the disk lacks that much", 100, 4000, 400, -3600],
    ["no further, when somebody has made room meanwhile", 100, undefined, 400, 400],
  ])("has the oldest go %s", async (_, needs, lacks, bytes, maxBytes) => {
    const { goals, start } = stage({
      usage: async () => ({
        files: 1,
        bytes,
        stories: 0,
        oldestAt: undefined,
        newestAt: undefined,
      }),
    });
    const retention = start();
    await settled();
    expect(await retention.makeRoom(needs, lacks)).toBe(true);
    expect(goals[1]).toEqual({ maxBytes, maxFiles: 5, minAgeMs: DAY_MS });
    await retention[Symbol.asyncDispose]();
  });

  it("does not look again for as much within a minute, whoever sends files in vain", async () => {
    let looked = 0;
    const { clock, start } = stage({
      trim: async () => {
        looked += 1;
        return { reached: false, removed: [] };
      },
    });
    const retention = start();
    await settled();
    looked = 0;
    for (let file = 0; file < 100; file += 1) expect(await retention.makeRoom(200)).toBe(false);
    expect(looked).toBe(1);
    // A smaller one may fit.
    expect(await retention.makeRoom(199)).toBe(false);
    expect(looked).toBe(2);
    clock.advance(60_000);
    expect(await retention.makeRoom(200)).toBe(false);
    expect(looked).toBe(3);
    await retention[Symbol.asyncDispose]();
  });

  it("does not have whoever needs the room wait for the records of what went", async () => {
    let isAsked = false;
    const { journal, start } = stage({
      trim: async () => ({ reached: true, removed: isAsked ? removed(1000) : [] }),
    });
    const retention = start();
    await settled();
    isAsked = true;
    const { promise, resolve } = Promise.withResolvers<{ readonly kind: "done" }>();
    const review = journal.review.bind(journal);
    journal.review = async (record) => {
      await promise;
      return review(record);
    };
    expect(await retention.makeRoom(200)).toBe(true);
    expect(journal.reviews).toEqual([]);
    resolve({ kind: "done" });
    await retention[Symbol.asyncDispose]();
    expect(journal.reviews).toHaveLength(1000);
  });

  it("touches nothing for a file that can never fit, and says no when the disk fails", async () => {
    const { goals, warnings, start } = stage({
      usage: async () => Promise.reject(new Error("EIO")),
    });
    const retention = start();
    await settled();
    expect(await retention.makeRoom(1001)).toBe(false);
    expect(await retention.makeRoom(10)).toBe(false);
    expect(goals).toHaveLength(1);
    expect(warnings).toEqual(["no room could be made in the quarantine"]);
    await retention[Symbol.asyncDispose]();
  });
});

describe("a disk that others have filled", () => {
  it.runIf(CAN_MOUNT)(
    "costs as many of the oldest as make room, and none when all of them would not (needs root and tmpfs)",
    async () => {
      using disk = mountSmallDisk(4);
      const folder = disk?.dir ?? "";
      const clock = createManualClock();
      const journal = createMemoryJournal();
      const dir = join(folder, "quarantine");
      const options = { dir, key: KEY, maxBytes: 100 * MIB };
      const writer = createQuarantineWriter({ clock }, { ...options, reserveBytes: MIB });
      const reader = createQuarantineReader(options);
      const settings = { ...SETTINGS, maxBytes: 100 * MIB, maxFiles: 100 };
      const log = { warn: () => undefined };
      const files = async (): Promise<number> => (await reader.usage()).files;
      for (let file = 0; file < 4; file += 1) {
        idOf(await writer.keep(sourceOf(randomBytes(MIB / 4)), STORY));
      }
      clock.advance(2 * DAY_MS);
      await using retention = startRetention({ clock, journal, reader, log }, settings);

      // All four together would not make up for it.
      const others = join(folder, "others");
      writeFileSync(others, Buffer.alloc(2.9 * MIB));
      const wish = await writer.keep(sourceOf(randomBytes(MIB / 2)), STORY);
      expect(await makesRoomFor(retention, wish)).toBe(false);
      expect(await files()).toBe(4);

      writeFileSync(others, Buffer.alloc(1.5 * MIB));
      const next = await writer.keep(sourceOf(randomBytes(MIB / 2)), STORY);
      expect(await makesRoomFor(retention, next)).toBe(true);
      expect(await files()).toBeLessThan(4);
      expect(await files()).toBeGreaterThan(0);
      idOf(await writer.keep(sourceOf(randomBytes(MIB / 2)), STORY));
    },
  );
});

async function makesRoomFor(retention: QuarantineRetention, result: KeepResult): Promise<boolean> {
  if (result.kind === "kept") throw new Error("there was room");
  return retention.makeRoom(result.needs ?? 0, result.lacks);
}

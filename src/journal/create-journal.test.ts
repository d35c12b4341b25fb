import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../base/clock.ts";
import { createJournal, type JournalLimits, type RunningJournal } from "./create-journal.ts";
import { createRecordReserve } from "./record-reserve.ts";
import type { IncidentDraft } from "./records.ts";
import {
  sampleAllowed,
  sampleDraft,
  sampleTransfer,
  sampleTransferDraft,
} from "./sample-records.test-data.ts";

let dir = "";
let eventsFile = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-journal-"));
  eventsFile = join(dir, "events.ndjson");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function open(limits: Partial<JournalLimits> = {}): Promise<RunningJournal> {
  return createJournal({ dir, eventsFile, clock: systemClock, limits });
}

function draftFor(
  journal: RunningJournal,
  group: string,
  changes: Partial<IncidentDraft> = {},
): IncidentDraft {
  const { id } = journal.incidentFor(group);
  return { ...sampleDraft(), id, eventId: crypto.randomUUID(), at: Date.now(), ...changes };
}

function events(file: string = eventsFile): readonly Record<string, unknown>[] {
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines.at(-1)).toBe("");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Takes all that is left of a disk. */
function fillUp(path: string): void {
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full for pieces of this size.
    }
  }
}

describe("createJournal", () => {
  it("records one incident for a group, counts its repeats, and logs every decision", async () => {
    await using journal = await open();
    for (let n = 0; n < 3; n += 1) {
      const draft = draftFor(journal, "alice bob no-programs", { action: "rewrite" });
      await journal.commit(draft);
      journal.settle(draft.eventId, "delivered", 200);
    }
    await vi.waitFor(() => expect(events()).toHaveLength(3));
    const [incident, ...others] = await journal.queries.list({ user: "alice" });
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ count: 3, state: "open", delivery: "delivered" });
    for (const event of events()) {
      expect(event).toMatchObject({ incident: incident?.id, action: "rewrite", status: 200 });
    }
    const shown = await journal.queries.show(incident?.id ?? "");
    expect(shown?.details["trace"]).toHaveLength(2);
    expect(await journal.queries.show("INC-ZZZZZZZZ")).toBeUndefined();
  });

  it("writes the line of a refused message without waiting for a settlement", async () => {
    const journal = await open();
    await journal.commit(draftFor(journal, "g", { answer: { status: 403, reason: "Forbidden" } }));
    await journal[Symbol.asyncDispose]();
    expect(events()).toMatchObject([{ delivery: "refused", status: 403, action: "block" }]);
  });

  it("records transfers, their kept copies and what became of the notices", async () => {
    const journal = await open();
    const { id, eventId, at } = draftFor(journal, "t");
    const transfer = { ...sampleTransferDraft(), id, eventId, at };
    await journal.commit(transfer);
    const notify = [{ audience: "sender", state: "delivered" }];
    journal.settle(transfer.eventId, "refused", undefined, notify);
    await vi.waitFor(async () => {
      const shown = await journal.queries.show(transfer.id);
      expect(shown?.details).toMatchObject({ quarantine: transfer.quarantine, notify });
    });
    journal.allowed(sampleTransfer());
    journal.operation({
      eventId: crypto.randomUUID(),
      at: Date.now(),
      type: "quarantine",
      reason: "kept file deleted",
      details: { id: transfer.quarantine, by: "root" },
    });
    await journal[Symbol.asyncDispose]();
    expect(events()).toMatchObject([
      { type: "transfer", action: "quarantine", route: { notified: notify } },
      { type: "transfer", action: "allow", delivery: "delivered", file: { name: "notes.txt" } },
      { type: "quarantine", action: null, details: { by: "root" } },
    ]);
  });

  it("commits hundreds of concurrent decisions together", async () => {
    await using journal = await open();
    const drafts = Array.from({ length: 1000 }, (_, n) => draftFor(journal, `g${n}`));
    const start = performance.now();
    await Promise.all(drafts.map(async (draft) => journal.commit(draft)));
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await journal.queries.list({ limit: 5000 })).toHaveLength(1000);
  });

  it("rejects with JOURNAL_OVERLOADED beyond its queue, and takes more when there is room", async () => {
    await using journal = await open({ drafts: 2 });
    const results = await Promise.allSettled(
      ["a", "b", "c"].map(async (group) => journal.commit(draftFor(journal, group))),
    );
    expect(results[2]).toMatchObject({
      status: "rejected",
      reason: { code: "JOURNAL_OVERLOADED" },
    });
    await journal.commit(draftFor(journal, "d"));
    expect(await journal.queries.list({})).toHaveLength(3);
  });

  it("writes allowed decisions at the latest when it closes, and says how many overflowed", async () => {
    const journal = await open({ bufferedLines: 5 });
    for (let n = 0; n < 8; n += 1) journal.allowed(sampleAllowed());
    await journal[Symbol.asyncDispose]();
    const written = events();
    expect(written.filter((event) => event["action"] === "allow")).toHaveLength(5);
    expect(written.at(-1)).toMatchObject({ type: "admin", details: { lost: 3 } });
  });

  it("goes on in a new file after a rotation", async () => {
    const journal = await open();
    journal.allowed(sampleAllowed());
    await journal.reopen();
    renameSync(eventsFile, `${eventsFile}.1`);
    await journal.reopen();
    journal.allowed(sampleAllowed());
    await journal[Symbol.asyncDispose]();
    expect(events(`${eventsFile}.1`)).toHaveLength(1);
    expect(events()).toHaveLength(1);
  });

  it("refuses a data folder that another gateway uses", async () => {
    const journal = await open();
    await expect(open()).rejects.toMatchObject({ code: "JOURNAL_OPEN_FAILED" });
    await journal[Symbol.asyncDispose]();
    const next = await open();
    await next[Symbol.asyncDispose]();
  });

  it("says what is wrong when the data folder cannot be made", async () => {
    writeFileSync(eventsFile, "");
    const opened = createJournal({ dir: eventsFile, eventsFile, clock: systemClock });
    await expect(opened).rejects.toMatchObject({ code: "JOURNAL_OPEN_FAILED" });
  });

  it("keeps lines while the event log cannot be written, and writes them when it can", async () => {
    const logs = join(dir, "logs");
    const blocked = join(logs, "events.ndjson");
    mkdirSync(blocked, { recursive: true });
    await using journal = await createJournal({ dir, eventsFile: blocked, clock: systemClock });
    await journal.commit(draftFor(journal, "g", { answer: { status: 403, reason: "Forbidden" } }));
    await vi.waitFor(() => expect(journal.trouble).toMatch(/event log cannot be written/));
    rmSync(blocked, { recursive: true });
    await vi.waitFor(() => expect(events(blocked)).toHaveLength(1), 5000);
    await vi.waitFor(() => expect(journal.trouble).toBeUndefined(), 5000);
  });
});

const COMMITTER = `
  const { createJournal } = await import(process.argv[2]);
  const { systemClock } = await import(process.argv[3]);
  const { sampleDraft } = await import(process.argv[4]);
  const dir = process.argv[5];
  const journal = await createJournal({ dir, eventsFile: dir + "/events.ndjson", clock: systemClock });
  for (let n = 0; ; n += 1) {
    const { id } = journal.incidentFor("group " + n);
    const eventId = crypto.randomUUID();
    await journal.commit({ ...sampleDraft(), id, eventId, at: Date.now() });
    if (n % 2 === 0) journal.settle(eventId, "delivered", 200);
    process.stdout.write(id + "\\n");
  }
`;

function startCommitter(): ChildProcess {
  const modules = ["./create-journal.ts", "../base/clock.ts", "./sample-records.test-data.ts"];
  const urls = modules.map((module) => new URL(module, import.meta.url).href);
  const script = join(dir, "committer.mjs");
  writeFileSync(script, COMMITTER);
  return spawn(process.execPath, [script, ...urls, dir], { stdio: ["ignore", "pipe", "inherit"] });
}

describe("createJournal after kill -9", () => {
  it("still has every incident that was acknowledged, each with exactly one line", async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const child = startCommitter();
      let output = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.split("\n").length > 60 * (round + 1)) child.kill("SIGKILL");
      });
      await once(child, "close");
      acknowledged.push(...output.split("\n").slice(0, -1));
    }
    const journal = await open();
    const stored = await journal.queries.list({ limit: 1000 });
    expect(stored.length).toBeLessThan(1000);
    const ids = new Set(stored.map((view) => view.id));
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    expect(stored.filter((view) => view.delivery === "pending")).toEqual([]);
    expect(stored.some((view) => view.delivery === "abandoned")).toBe(true);
    await journal[Symbol.asyncDispose]();
    const written = events();
    expect(new Set(written.map((event) => event["event_id"])).size).toBe(written.length);
    expect(new Set(written.map((event) => event["incident"]))).toEqual(ids);
    const db = new DatabaseSync(join(dir, "sluice.db"));
    expect(db.prepare("SELECT count(*) AS n FROM outbox").get()?.["n"]).toBe(0);
    db.close();
  });
});

const canMount = (() => {
  if (process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), "sluice-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", probe], { stdio: "ignore" });
    execFileSync("umount", [probe], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
})();

describe("createJournal on a full disk", () => {
  it.skipIf(!canMount)(
    "rejects commits, and recovers by itself when there is space (needs root and tmpfs)",
    async () => {
      const tags = Array.from({ length: 20 }, () => "x".repeat(900));
      const small = join(dir, "small");
      mkdirSync(small);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
      try {
        await using journal = await createJournal({
          dir: small,
          eventsFile: join(small, "events.ndjson"),
          clock: systemClock,
        });
        const fill = async (): Promise<number> => {
          for (let n = 0; ; n += 1) {
            const draft = draftFor(journal, `${n}`, { tags });
            const failure: unknown = await journal.commit(draft).catch((error: unknown) => error);
            if (failure !== undefined) return n;
          }
        };
        const stored = await fill();
        expect(stored).toBeGreaterThan(2);
        expect(journal.trouble).toMatch(/incidents cannot be recorded/);
        await expect(journal.commit(draftFor(journal, "full", { tags }))).rejects.toMatchObject({
          code: "JOURNAL_UNAVAILABLE",
        });
        execFileSync("mount", ["-o", "remount,size=16m", small]);
        const draft = draftFor(journal, "again");
        await journal.commit(draft);
        expect(journal.trouble).toBeUndefined();
        expect(await journal.queries.list({ limit: 1000 })).toHaveLength(stored + 1);
      } finally {
        execFileSync("umount", ["-l", small]);
      }
    },
  );

  it.skipIf(!canMount)(
    "writes records into their reserve, tells so, and takes it again when there is space (needs root and tmpfs)",
    async () => {
      const small = join(dir, "reserved");
      mkdirSync(small);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]);
      try {
        const log = join(small, "events.ndjson");
        await using journal = await createJournal({
          dir: small,
          eventsFile: log,
          clock: systemClock,
          limits: { reserveBytes: 1024 * 1024 },
        });
        const reserve = join(small, "records.reserve");
        expect(statSync(reserve)).toMatchObject({ size: 1024 * 1024 });
        fillUp(join(small, "others"));
        for (let n = 0; n < 10; n += 1) await journal.commit(draftFor(journal, `${n}`));
        journal.operation({
          eventId: "e",
          at: 0,
          type: "admin",
          reason: "still written",
          details: {},
        });
        expect(existsSync(reserve)).toBe(false);
        await expect
          .poll(() => readFileSync(log, "utf8"))
          .toMatch(/the disk is full: records are written into their reserve(.|\n)*still written/);
        expect(journal.trouble).toBeUndefined();
        expect(await journal.queries.list({ limit: 1000 })).toHaveLength(10);
        rmSync(join(small, "others"));
        await expect
          .poll(() => readFileSync(log, "utf8"), { timeout: 5000 })
          .toMatch(/the disk has room again, and records their reserve/);
        expect(statSync(reserve)).toMatchObject({ size: 1024 * 1024 });
      } finally {
        execFileSync("umount", ["-l", small]);
      }
    },
  );

  it.skipIf(!canMount)(
    "keeps the reserve for records: lines of allowed messages wait for the disk (needs root and tmpfs)",
    async () => {
      const small = join(dir, "flooded");
      mkdirSync(small);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", small]);
      try {
        const log = join(small, "events.ndjson");
        await using journal = await createJournal({
          dir: small,
          eventsFile: log,
          clock: systemClock,
          limits: { reserveBytes: 1024 * 1024 },
        });
        fillUp(join(small, "others"));
        // Three times what the reserve holds.
        for (let n = 0; n < 3000; n += 1) {
          journal.allowed({ ...sampleAllowed(), eventId: `allowed-${n}`, reason: "x".repeat(800) });
        }
        await expect.poll(() => journal.trouble).toMatch(/lines wait/);
        expect(existsSync(join(small, "records.reserve"))).toBe(true);
        for (let n = 0; n < 10; n += 1) await journal.commit(draftFor(journal, `${n}`));
        // What they wait for is no trouble of the records.
        await expect.poll(() => journal.trouble).toBeUndefined();
        await expect
          .poll(() => readFileSync(log, "utf8"))
          .toContain("lines about what was allowed wait for room");
        expect(readFileSync(log, "utf8")).not.toContain("allowed-");
        rmSync(join(small, "others"));
        await expect
          .poll(() => readFileSync(log, "utf8"), { timeout: 5000 })
          .toContain('"allowed-2999"');
        expect(journal.trouble).toBeUndefined();
      } finally {
        execFileSync("umount", ["-l", small]);
      }
    },
  );

  it.skipIf(!canMount)(
    "takes the reserve again that somebody has deleted by hand (needs root and tmpfs)",
    () => {
      const small = join(dir, "by-hand");
      mkdirSync(small);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]);
      try {
        const file = join(small, "records.reserve");
        const reserve = createRecordReserve(file, 1024 * 1024);
        expect(reserve.refill()).toBe(true);
        rmSync(file);
        fillUp(join(small, "others"));
        expect(reserve.spend()).toBe(false);
        expect(reserve.isNeeded).toBe(true);
        rmSync(join(small, "others"));
        expect(reserve.refill()).toBe(true);
        expect(statSync(file)).toMatchObject({ size: 1024 * 1024 });
      } finally {
        execFileSync("umount", ["-l", small]);
      }
    },
  );

  it("rejects at the start when the data folder cannot be made", async () => {
    const file = join(dir, "in-the-way");
    writeFileSync(file, "");
    const options = { dir: join(file, "data"), eventsFile, clock: systemClock };
    await expect(createJournal(options)).rejects.toMatchObject({ code: "JOURNAL_OPEN_FAILED" });
  });
});

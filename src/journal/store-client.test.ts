import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../base/clock.ts";
import { createJournal } from "./create-journal.ts";
import { sampleDraft } from "./sample-records.test-data.ts";

const workers = vi.hoisted((): Worker[] => []);

vi.mock(import("node:worker_threads"), async (importOriginal) => {
  const original = await importOriginal();
  class RememberedWorker extends original.Worker {
    constructor(...parameters: ConstructorParameters<typeof original.Worker>) {
      super(...parameters);
      workers.push(this);
    }
  }
  return { ...original, Worker: RememberedWorker };
});

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-worker-"));
  workers.length = 0;
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("createStoreClient when its worker dies", () => {
  it("rejects what was under way, starts a new one, and settles what the old one had recorded", async () => {
    const eventsFile = join(dir, "events.ndjson");
    const journal = await createJournal({ dir, eventsFile, clock: systemClock });
    const commit = async (eventId: string): Promise<string> => {
      const { id } = journal.incidentFor(eventId);
      await journal.commit({ ...sampleDraft(), id, eventId, at: Date.now() });
      return id;
    };
    await commit("before");
    const during = commit("during");
    const outcome = Promise.allSettled([during]);
    await workers[0]?.terminate();
    const [underWay] = await outcome;
    expect(underWay).toMatchObject({ status: "rejected", reason: { code: "JOURNAL_UNAVAILABLE" } });
    expect(journal.trouble).toMatch(/incidents cannot be recorded/);
    await expect(commit("while it is down")).rejects.toMatchObject({ code: "JOURNAL_UNAVAILABLE" });
    const notify = [{ audience: "sender", state: "accepted" }];
    journal.settle("before", "delivered", 200, notify);
    const id = await vi.waitFor(async () => commit(crypto.randomUUID()), 5000);
    expect(journal.trouble).toBeUndefined();
    expect(await journal.queries.show(id)).toMatchObject({ count: 1 });
    await journal[Symbol.asyncDispose]();
    const lines = readFileSync(eventsFile, "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event_id: "before", delivery: "delivered", status: 200, route: { notified: notify } },
    ]);
  });
});

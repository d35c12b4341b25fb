import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal } from "../../test/support/memory-journal.ts";
import type { IncidentView, ReviewView } from "../journal/journal.ts";
import type { ReviewRecord } from "../journal/review-record.ts";
import { STORY } from "../quarantine/kept-files.test-data.ts";
import type { QuarantineItem } from "../quarantine/quarantine.ts";
import type { DeedAnswer, ReleaseDeed } from "../review/ports.ts";
import type { ScanResult } from "../scan/scan-result.ts";
import { ReleaseDesk } from "./release-desk.ts";

const ITEM: QuarantineItem = {
  ...STORY,
  to: ["sip:bob@example.com", "sip:carol@example.com"],
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  size: 10,
  sha256: "ab".repeat(32),
  storedAt: 0,
  state: "quarantined",
  release: "four-eyes",
};
const CLEAN: ScanResult = { kind: "clean", engine: "test", ms: 1 };
const EVIL: ScanResult = { kind: "infected", engine: "test", threat: "Eicar", ms: 1 };

function viewOf({ action, item, sha256, actor, reason, details }: ReviewRecord): ReviewView {
  const { by, said } = actor;
  const about = { item: item ?? null, sha256: sha256 ?? null };
  return { ts: "", action, ...about, by, said_by: said, why: reason, details };
}

/** A file whose rule wants two persons, and what the engines say of it. */
function stage() {
  const journal = createMemoryJournal();
  const queries = {
    list: async () => [],
    show: async () => ({ reviews: journal.reviews.map(viewOf) }) as unknown as IncidentView,
  };
  let verdict = CLEAN;
  const desk = new ReleaseDesk({
    clock: createManualClock(),
    journal: {
      ...journal,
      queries,
      // A trial changes nothing.
      review: async (record, isTrial) =>
        isTrial === true ? { kind: "done" } : journal.review(record),
    },
    scanner: {
      scanKept: async () => ({
        kind: "scanned",
        report: { verdict, results: [verdict], trueType: undefined },
      }),
    },
    tellSender: async () => [],
  });
  const by = async (saidBy: string, changes: Partial<ReleaseDeed> = {}): Promise<DeedAnswer> =>
    desk.release(ITEM, {
      reason: "r",
      saidBy,
      to: undefined,
      force: false,
      forMs: 60_000,
      ...changes,
    });
  const finds = (found: ScanResult): void => void (verdict = found);
  return { by, finds };
}

const WAITS = { kind: "done", view: { state: "reviewed" } };
const RELEASED = { kind: "done", view: { state: "released", agreed_with: "carol" } };

describe("a release that two persons have to agree to", () => {
  it("is given when both have said the same", async () => {
    const { by } = stage();
    expect(await by("carol")).toMatchObject(WAITS);
    expect(await by("carol")).toMatchObject({ kind: "conflict" });
    expect(await by("dave")).toMatchObject(RELEASED);
  });

  it("is not one in spite of a finding, when the first has agreed to a clean file", async () => {
    const { by, finds } = stage();
    expect(await by("carol")).toMatchObject(WAITS);
    finds(EVIL);
    expect(await by("dave", { force: true })).toMatchObject(WAITS);
    expect(await by("carol", { force: true })).toMatchObject({
      kind: "done",
      view: { state: "released", agreed_with: "dave", result: "infected" },
    });
  });

  it("is not one for others than the first has agreed to", async () => {
    const { by } = stage();
    expect(await by("carol", { to: "bob@example.com" })).toMatchObject(WAITS);
    expect(await by("dave")).toMatchObject(WAITS);
    expect(await by("dave", { to: "bob@example.com" })).toMatchObject(RELEASED);
  });

  it("wants both again for the next one", async () => {
    const { by } = stage();
    await by("carol");
    expect(await by("dave")).toMatchObject(RELEASED);
    expect(await by("dave")).toMatchObject(WAITS);
  });
});

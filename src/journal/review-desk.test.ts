import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openIncidentReader } from "./incident-queries.ts";
import { openIncidentStore, type IncidentStore } from "./incident-store.ts";
import type { IncidentView } from "./journal.ts";
import type { ReviewAction, ReviewRecord, WaiverQuestion } from "./review-record.ts";
import { sampleTransferDraft } from "./sample-records.test-data.ts";

const RETENTION = {
  incidentMs: 1e12,
  incidentRows: 100,
  reviewMs: 1e12,
  eventsPerIncident: 3,
  detailsBytes: 8192,
  outboxRows: 100,
};
const INCIDENT = "INC-0123ABCD";
const SHA = "ab".repeat(32);
const BOB = "sip:bob@a.example";

let folder = "";
let file = "";
let store: IncidentStore;
let events = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-reviews-"));
  file = join(folder, "sluice.db");
  store = openIncidentStore(file, "boot", RETENTION);
  const draft = { ...sampleTransferDraft(), answer: { status: 603, reason: "Decline" } };
  store.apply([{ kind: "commit", groupKey: "g", draft: JSON.stringify(draft) }]);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

/** Undefined: done. Else why not. */
function does(action: ReviewAction, changes: Partial<ReviewRecord> = {}): string | undefined {
  events += 1;
  const record: ReviewRecord = {
    eventId: `review-${events}`,
    at: 1000,
    action,
    incident: INCIDENT,
    item: "item-1",
    sha256: SHA,
    actor: { by: "admin socket", said: "carol" },
    reason: "a known installer",
    details: {},
    ...changes,
  };
  return store.apply([{ kind: "review", record }]).refused[0]?.message;
}

function releases(id: string, changes: Partial<ReviewRecord> = {}): string | undefined {
  return does("release", {
    waivers: [{ id, sha256: SHA, receiver: BOB, expiresAt: 5000, accepts: "" }],
    ...changes,
  });
}

/** The incident for which the waiver was given; undefined: none is in force. */
function takes(
  taker: string,
  changes: {
    at?: number;
    sha256?: string;
    receiver?: string;
    result?: WaiverQuestion["result"];
  } = {},
) {
  const { at = 2000, sha256 = SHA, receiver = BOB, result = "clean" } = changes;
  const question = { sha256, receiver, result, taker, callId: "c", from: "sip:alice@a.example" };
  return store.apply([{ kind: "take-waiver", question, at }]).answered?.[0]?.value;
}

function ends(taker: string, delivered: boolean): void {
  store.apply([{ kind: "end-waiver", taker, delivered, at: 3000 }]);
}

function shown(): IncidentView {
  const reader = openIncidentReader(file);
  try {
    const view = reader.show(INCIDENT);
    if (view === undefined) throw new Error("no incident");
    return view;
  } finally {
    reader.close();
  }
}

function linesOf(word: string): readonly Record<string, unknown>[] {
  return store
    .waitingLines(0, 1000)
    .map(({ line }) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type, reason }) => type === "admin" && String(reason).includes(word));
}

describe("the state of an incident", () => {
  it("goes from open over reviewed to released, and the record says who, when, what and why", () => {
    expect(shown().state).toBe("open");
    expect(does("download")).toBeUndefined();
    expect(shown().state).toBe("reviewed");
    expect(releases("w1")).toBeUndefined();
    expect(shown()).toMatchObject({
      state: "released",
      reviews: [
        { action: "download", by: "admin socket", said_by: "carol", sha256: SHA },
        { action: "release", why: "a known installer", ts: "1970-01-01T00:00:01.000Z" },
      ],
      releases: [{ waiver: "w1", to: BOB, state: "open", until: "1970-01-01T00:00:05.000Z" }],
    });
    expect(linesOf("release: ")).toMatchObject([
      { details: { action: "release", incident: INCIDENT, sha256: SHA, why: "a known installer" } },
    ]);
  });

  it("is denied for good, and takes back what was released and not used", () => {
    releases("w1");
    expect(does("deny", { item: undefined })).toBeUndefined();
    expect(shown()).toMatchObject({ state: "denied", releases: [{ state: "revoked" }] });
    expect(takes("t1")).toBeUndefined();
    expect(releases("w2")).toBe(`${INCIDENT} was denied at 1970-01-01T00:00:01.000Z`);
    expect(does("deny")).toContain("was denied");
    expect(does("review")).toContain("was denied");
    // Nothing of what was refused is on record, nor in force.
    expect(shown().reviews).toHaveLength(2);
    expect(takes("t1")).toBeUndefined();
  });

  it("is denied for its bytes and receivers, whichever incident released them", () => {
    const sample = sampleTransferDraft();
    const again = {
      ...sample,
      id: "INC-AGAIN000",
      eventId: "again",
      to: [BOB, "sip:eve@a.example"],
    };
    const draft = JSON.stringify({ ...again, file: { name: "a", sha256: SHA } });
    store.apply([{ kind: "commit", groupKey: "again", draft }]);
    releases("w1");
    releases("w2", {
      waivers: [
        { id: "w2", sha256: SHA, receiver: "sip:carol@a.example", expiresAt: 5000, accepts: "" },
      ],
    });
    const other = "cd".repeat(32);
    releases("w3", {
      sha256: other,
      waivers: [{ id: "w3", sha256: other, receiver: BOB, expiresAt: 5000, accepts: "" }],
    });
    expect(does("deny", { incident: "INC-AGAIN000", item: undefined, sha256: undefined })).toBe(
      undefined,
    );
    expect(takes("t1")).toBeUndefined();
    expect(takes("t2", { receiver: "sip:carol@a.example" })).toBe(INCIDENT);
    expect(takes("t3", { sha256: other })).toBe(INCIDENT);
  });

  it("is expired when its bytes went while it was open, and stays what a person made of it", () => {
    does("expire");
    expect(shown().state).toBe("expired");
    expect(linesOf("expire")).toEqual([]);
    expect(does("deny")).toBeUndefined();
    does("expire");
    expect(shown().state).toBe("denied");
  });

  it("of an incident that is gone cannot change, but what was fetched of it is still recorded", () => {
    const gone = { incident: "INC-GONE0000" };
    expect(releases("w1", gone)).toBe("there is no incident INC-GONE0000 any more");
    expect(takes("t1")).toBeUndefined();
    expect(does("download", gone)).toBeUndefined();
    expect(linesOf("download: INC-GONE0000")).toHaveLength(1);
  });
});

describe("a release", () => {
  it("lets the file through once, to that receiver, until its time is over", () => {
    releases("w1");
    expect(takes("t0", { sha256: "cd".repeat(32) })).toBeUndefined();
    expect(takes("t0", { receiver: "sip:carol@a.example" })).toBeUndefined();
    expect(takes("t0", { at: 5000 })).toBeUndefined();
    expect(takes("t1")).toBe(INCIDENT);
    expect(takes("t2")).toBeUndefined();
    ends("t1", true);
    expect(takes("t3")).toBeUndefined();
    expect(shown().releases).toMatchObject([{ state: "used" }]);
    expect(linesOf("a released file")).toMatchObject([
      {
        reason: "a released file was let through",
        details: { incident: INCIDENT, to: BOB, call_id: "c" },
      },
      { reason: "a released file was delivered", details: { waiver: "w1", sha256: SHA } },
    ]);
  });

  it("is in force again when nothing was delivered", () => {
    releases("w1");
    expect(takes("t1")).toBe(INCIDENT);
    ends("t1", false);
    expect(takes("t2")).toBe(INCIDENT);
  });

  it("survives a restart, but not in the hands of a transfer that the restart has ended", () => {
    releases("w1");
    store.close();
    store = openIncidentStore(file, "boot-2", RETENTION);
    store.abandonPending(2500);
    expect(takes("t1")).toBe(INCIDENT);
    store.close();
    store = openIncidentStore(file, "boot-3", RETENTION);
    store.abandonPending(2600);
    expect(takes("t2")).toBeUndefined();
    expect(shown().releases).toMatchObject([{ state: "lost" }]);
    expect(linesOf("the gateway stopped while")).toHaveLength(1);
    // Nobody knows what arrived: a person may decide once more, but not that it never happened.
    expect(does("deny")).toContain("was being delivered when the gateway stopped");
    expect(releases("w2")).toBeUndefined();
    expect(takes("t3")).toBe(INCIDENT);
  });

  it.each([
    ["", "infected"],
    ["", "suspicious"],
    ["", "error"],
    ["error", "infected"],
  ] as const)(
    "that knew of '%s' lets through nothing that is %s now, and says so",
    (accepts, result) => {
      const given = { id: "w1", sha256: SHA, receiver: BOB, expiresAt: 5000, accepts } as const;
      releases("w1", { waivers: [given] });
      expect(takes("t1", { result })).toBeUndefined();
      expect(linesOf("a released file was stopped")).toMatchObject([
        { details: { incident: INCIDENT, waiver: "w1", result, accepts, call_id: "c" } },
      ]);
      // It was not used up by that.
      expect(takes("t2")).toBe(INCIDENT);
    },
  );

  it.each([
    ["infected", "infected"],
    ["suspicious", "infected"],
    ["infected", "error"],
    ["error", "error"],
    ["", "unscannable"],
  ] as const)("that knew of '%s' lets through what is %s", (accepts, result) => {
    const given = { id: "w1", sha256: SHA, receiver: BOB, expiresAt: 5000, accepts } as const;
    releases("w1", { waivers: [given] });
    expect(takes("t1", { result })).toBe(INCIDENT);
  });

  it("stays in the hands of its transfer when the store alone was opened anew", () => {
    releases("w1");
    expect(takes("t1")).toBe(INCIDENT);
    store.close();
    store = openIncidentStore(file, "boot", RETENTION);
    store.abandonPending(2600);
    ends("t1", true);
    expect(shown().releases).toMatchObject([{ state: "used" }]);
    expect(linesOf("the gateway stopped while")).toEqual([]);
  });

  it("cannot be given twice, unless the first is over unused", () => {
    releases("w1");
    expect(releases("w2")).toContain("may be sent again until 1970-01-01T00:00:05.000Z");
    expect(releases("w2", { at: 5000 })).toBeUndefined();
    const later = { id: "w3", sha256: SHA, receiver: BOB, expiresAt: 9000, accepts: "" } as const;
    expect(releases("w3", { at: 6000, waivers: [later] })).toBeUndefined();
    expect(takes("t1", { at: 6001 })).toBe(INCIDENT);
    expect(does("deny")).toContain("is on its way");
    ends("t1", true);
    expect(releases("w4", { at: 9500 })).toContain("was delivered at 1970-01-01T00:00:03.000Z");
    expect(does("deny")).toContain("was delivered");
  });
});

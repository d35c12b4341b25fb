import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openIncidentReader } from "./incident-queries.ts";
import { openIncidentStore } from "./incident-store.ts";
import type { IncidentDraft } from "./records.ts";
import { sampleDraft, sampleTransferDraft } from "./sample-records.test-data.ts";
import type { CommitOperation } from "./store-messages.ts";

const retention = {
  incidentMs: 365 * 86_400_000,
  incidentRows: 100,
  reviewMs: 730 * 86_400_000,
  eventsPerIncident: 3,
  detailsBytes: 8192,
  outboxRows: 10,
};

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-store-"));
  file = join(folder, "sluice.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

function commit(changes: Partial<IncidentDraft>, groupKey = "g"): CommitOperation {
  return { kind: "commit", groupKey, draft: JSON.stringify({ ...sampleDraft(), ...changes }) };
}

describe("openIncidentStore", () => {
  it("counts the decisions that one record stands for", () => {
    const store = openIncidentStore(file, "boot", retention);
    store.apply([commit({ eventId: "e1", repeats: 4 }), commit({ eventId: "e2", repeats: 100 })]);
    expect(openIncidentReader(file).list({})[0]?.count).toBe(106);
    store.close();
  });

  it("counts repeats into one incident and keeps the latest of its decisions", () => {
    const store = openIncidentStore(file, "boot", retention);
    for (let n = 1; n <= 8; n += 1) {
      store.apply([
        commit({ eventId: `e${n}`, at: 1000 * n }),
        { kind: "settle", eventId: `e${n}`, delivery: "delivered", status: 200, at: 1000 * n },
      ]);
    }
    const reader = openIncidentReader(file);
    const [view, ...others] = reader.list({});
    expect(others).toEqual([]);
    expect(view).toMatchObject({ count: 8, delivery: "delivered", answer: { status: 200 } });
    expect(view?.first_seen).toBe("1970-01-01T00:00:01.000Z");
    expect(view?.last_seen).toBe("1970-01-01T00:00:08.000Z");
    const events = reader.show(view?.id ?? "")?.details["events"] as readonly unknown[];
    expect(events.length).toBeLessThanOrEqual(4);
    reader.close();
    store.close();
  });

  it("settles a refused message in the transaction that records it", () => {
    const store = openIncidentStore(file, "boot", retention);
    store.apply([commit({ answer: { status: 606, reason: "Not Acceptable" } })]);
    const [line] = store.waitingLines(0, 10);
    expect(JSON.parse(line?.line ?? "")).toMatchObject({ delivery: "refused", status: 606 });
    store.apply([
      { kind: "settle", eventId: sampleDraft().eventId, delivery: "failed", status: 500, at: 5 },
    ]);
    expect(store.waitingLines(0, 10)).toHaveLength(1);
    store.close();
  });

  it("brings the final states of the notices into the record and into the line", () => {
    const store = openIncidentStore(file, "boot", retention);
    const draft = sampleTransferDraft();
    const notify = [
      { audience: "sender", state: "delivered" },
      { audience: "recipient", state: "no account" },
    ];
    store.apply([
      commit(draft),
      {
        kind: "settle",
        eventId: draft.eventId,
        delivery: "refused",
        status: undefined,
        at: 5,
        notify,
      },
    ]);
    const lines = store.waitingLines(0, 10).map((line) => JSON.parse(line.line) as unknown);
    expect(lines).toMatchObject([
      {
        type: "transfer",
        delivery: "refused",
        status: null,
        file: { sha256: draft.file?.sha256, quarantine: draft.quarantine },
        route: { notified: notify },
      },
    ]);
    const reader = openIncidentReader(file);
    expect(reader.show(draft.id)).toMatchObject({
      delivery: "refused",
      file: { name: "invoice.txt", sha256: draft.file?.sha256, true_type: "text/plain" },
      scan: [{ engine: "builtin", result: "infected", threat: "Eicar-Test-Signature" }],
      details: {
        quarantine: draft.quarantine,
        notify,
        events: [{ event_id: draft.eventId, quarantine: draft.quarantine }],
      },
    });
    reader.close();
    store.close();
  });

  it("leaves the notices as drafted when nothing is said of them", () => {
    const store = openIncidentStore(file, "boot", retention);
    const draft = sampleTransferDraft();
    store.apply([
      commit(draft),
      { kind: "settle", eventId: draft.eventId, delivery: "failed", status: undefined, at: 5 },
    ]);
    const [line] = store.waitingLines(0, 10);
    expect(JSON.parse(line?.line ?? "")).toMatchObject({ route: { notified: draft.notify } });
    store.close();
  });

  it("writes one line of its own for notices that end after the line about a refusal", () => {
    const store = openIncidentStore(file, "boot", retention);
    const { eventId, id } = sampleDraft();
    store.apply([commit({ answer: { status: 403, reason: "Forbidden" } })]);
    const notify = [{ audience: "sender", state: "delivered" }];
    const settle = {
      kind: "settle",
      eventId,
      delivery: "refused",
      status: 403,
      at: 5,
      notify,
    } as const;
    store.apply([settle]);
    // The worker died after it had done this, and is told once more.
    store.apply([settle, settle]);
    const lines = store.waitingLines(0, 10);
    expect(lines.map((line) => JSON.parse(line.line) as unknown)).toMatchObject([
      { event_id: eventId, type: "message", status: 403 },
      {
        type: "notify",
        incident: id,
        action: null,
        delivery: null,
        route: { notified: notify },
        details: { about: eventId },
      },
    ]);
    expect(new Set(lines.map((line) => line.eventId)).size).toBe(2);
    const reader = openIncidentReader(file);
    expect(reader.show(id)).toMatchObject({ delivery: "refused", details: { notify } });
    reader.close();
    store.close();
  });

  it("keeps the notices and the copy of an earlier decision from standing in for the latest one's", () => {
    const store = openIncidentStore(file, "boot", retention);
    const draft = sampleTransferDraft();
    const notify = [{ audience: "sender", state: "failed" }];
    store.apply([
      commit({ ...draft, eventId: "e1", at: 1, quarantine: "Q1" }),
      commit({ ...draft, eventId: "e2", at: 2, quarantine: undefined }),
      {
        kind: "settle",
        eventId: "e1",
        delivery: "refused",
        status: undefined,
        at: 5,
        notify,
      },
    ]);
    const [line] = store.waitingLines(0, 10);
    expect(JSON.parse(line?.line ?? "")).toMatchObject({
      event_id: "e1",
      file: { quarantine: "Q1" },
      route: { notified: notify },
    });
    const reader = openIncidentReader(file);
    expect(reader.show(draft.id)?.details).toMatchObject({
      quarantine: null,
      notify: draft.notify,
      events: [
        { event_id: "e1", quarantine: "Q1" },
        { event_id: "e2", quarantine: null },
      ],
    });
    reader.close();
    store.close();
  });

  it("bounds what is said of notices", () => {
    const store = openIncidentStore(file, "boot", retention);
    const { eventId } = sampleDraft();
    const notify = Array.from({ length: 500 }, () => ({
      audience: "sender",
      state: "x".repeat(5000),
    }));
    store.apply([
      commit({}),
      { kind: "settle", eventId, delivery: "delivered", status: 200, at: 5, notify },
    ]);
    const [line] = store.waitingLines(0, 10);
    expect(line?.line.length).toBeLessThan(80_000);
    store.close();
  });

  it("refuses an id that another group has, and an event recorded twice, alone", () => {
    const store = openIncidentStore(file, "boot", retention);
    const { refused } = store.apply([
      commit({ eventId: "e1" }, "group one"),
      commit({ eventId: "e2" }, "group two"),
      commit({ eventId: "e1" }, "group one"),
      commit({ eventId: "e3" }, "group one"),
    ]);
    expect(refused.map((one) => one.index)).toEqual([1, 2]);
    const reader = openIncidentReader(file);
    expect(reader.list({})[0]?.count).toBe(2);
    reader.close();
    store.close();
  });

  it("refuses a malformed draft alone", () => {
    const store = openIncidentStore(file, "boot", retention);
    const broken: CommitOperation = { kind: "commit", groupKey: "g", draft: '{"id":1}' };
    const { refused } = store.apply([commit({ eventId: "e1" }), broken, commit({ eventId: "e2" })]);
    expect(refused).toMatchObject([{ index: 1 }]);
    store.close();
  });

  it("keeps its files to its own account whatever the folder allows", () => {
    chmodSync(folder, 0o755);
    const store = openIncidentStore(file, "boot", retention);
    store.apply([commit({})]);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    }
    store.close();
  });

  it("turns only the pending rows of other processes into abandoned ones", () => {
    const before = openIncidentStore(file, "boot one", retention);
    before.apply([commit({ eventId: "old" })]);
    before.close();
    const after = openIncidentStore(file, "boot two", retention);
    after.apply([commit({ eventId: "new" })]);
    expect(after.abandonPending(2_000_000_000_000)).toBe(1);
    const lines = after.waitingLines(0, 10).map((line) => JSON.parse(line.line) as unknown);
    expect(lines).toMatchObject([{ event_id: "old", delivery: "abandoned", status: null }]);
    after.close();
  });

  it("deletes what is too old, then what is too much, in small steps, events included", () => {
    const store = openIncidentStore(file, "boot", { ...retention, incidentRows: 4 });
    const now = 400 * 86_400_000;
    for (let n = 0; n < 10; n += 1) {
      const id = `INC-0000000${n}`;
      store.apply([commit({ id, eventId: `e${n}`, at: n < 3 ? n : now - 100 + n }, `g${n}`)]);
    }
    expect(store.retain(now, 2).incidents).toBe(2);
    expect(store.retain(now, 2).incidents).toBe(2);
    expect(store.retain(now, 100).incidents).toBe(2);
    expect(store.retain(now, 100).incidents).toBe(0);
    store.close();
    const db = new DatabaseSync(file);
    expect(db.prepare("SELECT count(*) AS n FROM incidents").get()?.["n"]).toBe(4);
    expect(db.prepare("SELECT count(*) AS n FROM events").get()?.["n"]).toBe(4);
    db.close();
  });

  it("cuts a trace that is too long to the rules that matched", () => {
    const store = openIncidentStore(file, "boot", retention);
    const leaves = [{ field: "url", value: "x".repeat(200), matched: false }];
    const trace = Array.from({ length: 200 }, (_, n) => ({
      rule: `r${n}`,
      matched: n === 7,
      leaves,
    }));
    store.apply([commit({ trace })]);
    store.close();
    const reader = openIncidentReader(file);
    expect(reader.show(sampleDraft().id)?.details).toMatchObject({
      trace_cut: true,
      trace: [{ rule: "r7" }],
    });
    reader.close();
  });

  it("keeps what the rules were asked about, and gives it where it is asked for", () => {
    const store = openIncidentStore(file, "boot", retention);
    const features = { v: 1, links: [{ host: "a.example" }] };
    store.apply([commit({ features }), commit({ id: "INC-00000002", eventId: "e2" }, "2")]);
    expect(
      store
        .waitingLines(0, 10)
        .map(({ line }) => line)
        .join(""),
    ).not.toContain("a.example");
    store.close();
    const reader = openIncidentReader(file);
    const listed = reader.list({ features: true }).map((view) => view.features);
    expect(listed).toEqual([features, null]);
    expect(reader.list({})[0]).not.toHaveProperty("features");
    reader.close();
  });

  it("leaves the features out only when the record is too long without its trace", () => {
    const store = openIncidentStore(file, "boot", retention);
    const long = (length: number) => ({
      v: 1,
      links: Array.from({ length }, () => "x".repeat(500)),
    });
    store.apply([
      commit({ id: "INC-00000001", eventId: "e1", features: long(2) }, "1"),
      commit({ id: "INC-00000002", eventId: "e2", features: long(60) }, "2"),
    ]);
    store.close();
    const reader = openIncidentReader(file);
    const kept = reader.list({ features: true }).map(({ id, features }) => [id, features !== null]);
    expect(new Map(kept as [string, boolean][])).toEqual(
      new Map([
        ["INC-00000001", true],
        ["INC-00000002", false],
      ]),
    );
    reader.close();
  });

  it("brings a store of the first version up to date without losing an incident", () => {
    openIncidentStore(file, "boot", retention).close();
    const db = new DatabaseSync(file);
    db.exec("ALTER TABLE incidents DROP COLUMN features");
    db.exec("DROP TABLE reviews; DROP TABLE waivers");
    db.exec("PRAGMA user_version = 1");
    db.exec(`INSERT INTO incidents (id, group_key, count, first_seen, last_seen, sender, recipients, direction, channel,
      action, rule, reason, severity, delivery, file, scan, answer, details)
      VALUES ('INC-00000001', 'g', 1, 1, 1, 'sip:a@x', '[]', '', '', 'block', 'r', '', '', '', 'null', '[]', 'null', '{}')`);
    db.close();
    const before = openIncidentReader(file);
    expect(before.list({ features: true })).toMatchObject([{ id: "INC-00000001", features: null }]);
    before.close();
    const store = openIncidentStore(file, "boot", retention);
    store.apply([commit({ id: "INC-00000002", eventId: "e2", features: { v: 1 } }, "2")]);
    store.close();
    const reader = openIncidentReader(file);
    expect(reader.list({ features: true }).map((view) => view.features)).toEqual([{ v: 1 }, null]);
    reader.close();
  });

  it("refuses a store of a newer program, in words", () => {
    const db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 99");
    db.close();
    expect(() => openIncidentStore(file, "boot", retention)).toThrow(/newer sluice/);
  });
});

describe("openIncidentReader", () => {
  it("goes on behind a row, also among rows of one moment", () => {
    const store = openIncidentStore(file, "boot", retention);
    const ids = ["INC-00000001", "INC-00000002", "INC-00000003", "INC-00000004"];
    store.apply(
      ids.map((id, index) => commit({ id, eventId: id, at: index < 3 ? 1000 : 2000 }, id)),
    );
    store.close();
    const reader = openIncidentReader(file);
    const seen: string[] = [];
    for (let before: { at: number; id: string } | undefined; ;) {
      const [row] = reader.list({ limit: 1, ...(before === undefined ? {} : { before }) });
      if (row === undefined) break;
      seen.push(row.id);
      before = { at: Date.parse(row.last_seen), id: row.id };
    }
    expect(seen).toEqual(["INC-00000004", "INC-00000003", "INC-00000002", "INC-00000001"]);
    reader.close();
  });

  it("filters by time, action, rule, state and by either party", () => {
    const store = openIncidentStore(file, "boot", retention);
    store.apply([
      commit({ id: "INC-00000001", eventId: "e1", at: 1000 }, "1"),
      commit(
        {
          id: "INC-00000002",
          eventId: "e2",
          at: 2000,
          action: "rewrite",
          rule: "r2",
          from: "sip:carol@b.example",
        },
        "2",
      ),
    ]);
    const reader = openIncidentReader(file);
    const ids = (filter: Parameters<typeof reader.list>[0]): readonly string[] =>
      reader.list(filter).map((view) => view.id.slice(-1));
    expect(ids({})).toEqual(["2", "1"]);
    expect(ids({ limit: 1 })).toEqual(["2"]);
    expect(ids({ since: 1500 })).toEqual(["2"]);
    expect(ids({ until: 1500 })).toEqual(["1"]);
    expect(ids({ action: "block" })).toEqual(["1"]);
    expect(ids({ rule: "r2" })).toEqual(["2"]);
    expect(ids({ state: "released" })).toEqual([]);
    expect(ids({ user: "alice" })).toEqual(["1"]);
    expect(ids({ user: "bob@a.example" })).toEqual(["2", "1"]);
    expect(ids({ user: "sip:carol@B.example" })).toEqual(["2"]);
    expect(ids({ user: "*" })).toEqual([]);
    expect(ids({ user: "' OR 1=1 --" })).toEqual([]);
    reader.close();
    store.close();
  });
});

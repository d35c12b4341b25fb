import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openIncidentReader } from "../../src/journal/incident-queries.ts";
import { openIncidentStore } from "../../src/journal/incident-store.ts";
import { killAtRandom } from "../../src/spool/kill-at-random.test-data.ts";
import { sized } from "../support/torture-size.ts";

const ROUNDS = sized(8, 200);

const RETENTION = {
  incidentMs: 1e12,
  incidentRows: 1e6,
  reviewMs: 1e12,
  eventsPerIncident: 3,
  detailsBytes: 8192,
  outboxRows: 1e6,
};

/** Records an incident, releases it, takes the release, ends it, and prints each step that is done. */
const RELEASER = `
  import { randomUUID } from "node:crypto";
  import { mkdirSync, writeSync } from "node:fs";
  import { join } from "node:path";
  const [, , storeUrl, samplesUrl, dir] = process.argv;
  const { openIncidentStore } = await import(storeUrl);
  const { sampleTransferDraft } = await import(samplesUrl);
  mkdirSync(dir, { recursive: true });
  const boot = randomUUID();
  const store = openIncidentStore(join(dir, "sluice.db"), boot, ${JSON.stringify(RETENTION)});
  store.abandonPending(Date.now());
  const say = (what, id) => writeSync(1, what + " " + id + "\\n");
  for (let n = 0; ; n += 1) {
    const id = "INC-" + randomUUID().slice(0, 8).toUpperCase();
    const sha256 = id.slice(4).padEnd(64, "0");
    const answer = { status: 603, reason: "Decline" };
    const draft = { ...sampleTransferDraft(), id, eventId: randomUUID(), answer };
    store.apply([{ kind: "commit", groupKey: id, draft: JSON.stringify(draft) }]);
    const at = Date.now();
    const waivers = [{ id: "w" + id, sha256, receiver: "sip:bob@a.example", expiresAt: at + 1e9, accepts: "" }];
    const record = { eventId: randomUUID(), at, action: "release", incident: id, item: "item", sha256,
      actor: { by: "admin socket", said: "" }, reason: "r", details: {}, waivers };
    store.apply([{ kind: "review", record }]);
    say("released", id);
    const question = { sha256, receiver: "sip:bob@a.example", result: "clean", taker: id, callId: "", from: "" };
    const taken = store.apply([{ kind: "take-waiver", question, at }]).answered[0]?.value;
    say(taken === id ? "taken" : "wrong", id);
    const delivered = n % 2 === 0;
    store.apply([{ kind: "end-waiver", taker: id, delivered, at }]);
    say(delivered ? "used" : "returned", id);
  }
`;

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-releases-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

it(`keeps every release whole and uses none twice over ${ROUNDS} kills at any moment`, async () => {
  const modules = ["incident-store.ts", "sample-records.test-data.ts"];
  const urls = modules.map((name) => new URL(`../../src/journal/${name}`, import.meta.url).href);
  const said: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    said.push(...(await killAtRandom(dir, RELEASER, urls, 5 + (round % 7))));
  }
  const idsOf = (what: string): readonly string[] =>
    said.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));
  expect(idsOf("wrong")).toEqual([]);
  expect(idsOf("used").length).toBeGreaterThan(ROUNDS / 2);
  const file = join(dir, "data", "sluice.db");
  const store = openIncidentStore(file, "after", RETENTION);
  store.abandonPending(Date.now());
  const reader = openIncidentReader(file);
  const faults: string[] = [];
  for (const id of idsOf("released")) {
    const view = reader.show(id);
    const [waiver] = view?.releases ?? [];
    const isRecorded = view?.state === "released" && view.reviews?.length === 1;
    const expected = idsOf("used").includes(id)
      ? ["used"]
      : idsOf("returned").includes(id)
        ? ["open"]
        : idsOf("taken").includes(id)
          ? ["lost", "used", "open"]
          : ["open", "lost"];
    if (!isRecorded || !expected.includes(waiver?.state ?? "")) {
      faults.push(`${id}: ${view?.state}, ${waiver?.state}`);
    }
    const question = {
      sha256: waiver?.sha256 ?? "",
      receiver: "sip:bob@a.example",
      result: "clean" as const,
      taker: `${id}-later`,
      callId: "",
      from: "",
    };
    const { answered } = store.apply([{ kind: "take-waiver", question, at: Date.now() }]);
    const isTaken = answered?.[0]?.value === id;
    if (isTaken !== (waiver?.state === "open")) faults.push(`${id}: taken again: ${isTaken}`);
  }
  expect(faults).toEqual([]);
  reader.close();
  store.close();
});

import { mkdtemp } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readOrCreateKey } from "../../src/location/key-file.ts";
import { createQuarantineWriter } from "../../src/quarantine/create-quarantine-writer.ts";
import { itemPlace } from "../../src/quarantine/item-place.ts";
import { idOf, sourceOf, STORY } from "../../src/quarantine/kept-files.test-data.ts";
import { askAdmin } from "../support/ask-admin.ts";
import { readNdjson } from "../support/cli.ts";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig } from "../support/write-config.ts";

const DAY_MS = 86_400_000;

/** The store of a gateway that has run before. */
async function store(): Promise<{
  readonly dir: string;
  readonly keptDaysAgo: (days: number, bytes?: Buffer) => Promise<string>;
  readonly hasBody: (id: string) => boolean;
}> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  const folder = join(dir, "data", "quarantine");
  const key = readOrCreateKey(join(dir, "data", "keys"), "quarantine.key");
  return {
    dir,
    async keptDaysAgo(days, bytes = Buffer.from("bad")) {
      const clock = createManualClock(Date.now() - days * DAY_MS);
      const writer = createQuarantineWriter({ clock }, { dir: folder, key, maxBytes: 1e6 });
      return idOf(await writer.keep(sourceOf(bytes), STORY));
    },
    hasBody: (id) => existsSync(join(itemPlace(folder, id).folder, "body.enc")),
  };
}

/** Starts it with these limits; Alice sends Bob what is infected, and the incident of that is given. */
async function stopsOne(gateway: GatewayProcess): Promise<Readonly<Record<string, unknown>>> {
  await using story = await FileStory.begin({ gateway: gateway.at("tcp") });
  const { receiver } = await story.agree({ name: "bad.txt", bytes: EICAR });
  expect((await receiver.result).content).toHaveLength(0);
  return waitUntil("the incident", async () => (await gateway.incidents())[0]);
}

async function startIn(
  dir: string,
  limits: Readonly<Record<string, unknown>>,
): Promise<GatewayProcess> {
  const ports = await freePortRange(2);
  const relay = { msnftp: { ports: ports.text }, max_file_size: "10KiB" };
  return GatewayProcess.startIn(dir, await writeConfig(dir, { limits, relay }));
}

async function stateOf(gateway: GatewayProcess, id: string): Promise<unknown> {
  return (await askAdmin(gateway, "GET", `/v1/quarantine/${id}`))["state"];
}

describe("a file in the quarantine", () => {
  it("is deleted once it is older than limits.quarantine_days, and its story says so", async () => {
    const { dir, keptDaysAgo, hasBody } = await store();
    const old = await keptDaysAgo(3.1);
    const young = await keptDaysAgo(2.9);
    const config = await writeConfig(dir, { limits: { quarantine_days: 3 } });
    await using gateway = await GatewayProcess.startIn(dir, config);
    await waitUntil("the old file to go", () => !hasBody(old));
    expect(hasBody(young)).toBe(true);
    const listed = readNdjson((await gateway.cli("quarantine", "list", "-o", "ndjson")).stdout);
    expect(listed).toMatchObject([
      { id: young, state: "quarantined" },
      { id: old, state: "expired" },
    ]);
    const lines = await gateway.eventsWhere(
      "the deletion",
      (event) => event["type"] === "quarantine",
    );
    expect(lines).toMatchObject([{ reason: "kept files were deleted for their age" }]);
  });

  it("gives way to a new one when there are as many as limits.quarantine_files", async () => {
    const { dir, keptDaysAgo, hasBody } = await store();
    const [oldest, next] = [await keptDaysAgo(3), await keptDaysAgo(2)];
    const limits = { quarantine_files: 2, quarantine_high_water: "off" };
    await using gateway = await startIn(dir, limits);
    expect(hasBody(oldest)).toBe(true);
    const { action, details } = await stopsOne(gateway);
    expect(action).toBe("quarantine");
    expect(hasBody(String((details as Record<string, unknown>)["quarantine"]))).toBe(true);
    expect([hasBody(oldest), hasBody(next)]).toEqual([false, true]);
    expect(await stateOf(gateway, oldest)).toBe("expired");
    const lines = await gateway.eventsWhere("the room", ({ type }) => type === "quarantine");
    expect(lines).toMatchObject([
      { reason: "the oldest kept files were deleted to make room", details: { files: 1 } },
    ]);
  });

  it("gives way to a new one when limits.quarantine has no room for it", async () => {
    const { dir, keptDaysAgo, hasBody } = await store();
    const bytes = harmlessBytes(30_000);
    const [oldest, next] = [await keptDaysAgo(3, bytes), await keptDaysAgo(2, bytes)];
    // Each takes 12 KiB besides its size.
    const limits = { quarantine: 85_000, quarantine_high_water: "off" };
    await using gateway = await startIn(dir, limits);
    expect(hasBody(oldest)).toBe(true);
    expect((await stopsOne(gateway))["action"]).toBe("quarantine");
    expect([hasBody(oldest), hasBody(next)]).toEqual([false, true]);
    expect(await askAdmin(gateway, "GET", "/v1/quarantine-usage")).toMatchObject({
      files: 2,
      stories: 1,
      state: "room",
    });
  });

  it("goes by itself when it is the oldest above the high-water mark", async () => {
    const { dir, keptDaysAgo, hasBody } = await store();
    const ids: string[] = [];
    for (const days of [5, 4, 3, 2]) ids.push(await keptDaysAgo(days));
    await using _gateway = await startIn(dir, {
      quarantine_files: 4,
      quarantine_high_water: "50%",
    });
    await waitUntil("the oldest to go", () => !hasBody(ids[1] ?? ""));
    expect(ids.map(hasBody)).toEqual([false, false, true, true]);
  });
});

describe("a full quarantine", () => {
  it("in which nothing may go yet stops files without a copy, and the record says so", async () => {
    const { dir, keptDaysAgo, hasBody } = await store();
    const young = [await keptDaysAgo(0.9), await keptDaysAgo(0.5)];
    const old = await keptDaysAgo(1.1);
    await using gateway = await startIn(dir, { quarantine_files: 2, quarantine_min_age: "2d" });
    const incident = await stopsOne(gateway);
    expect(incident).toMatchObject({
      action: "block",
      reason: expect.stringContaining("no copy: the quarantine holds 3 of 2 files"),
      details: { quarantine: null },
    });
    expect([...young, old].map(hasBody)).toEqual([true, true, true]);
    const usage = await gateway.cli("quarantine", "usage", "-o", "table");
    expect(usage.code).toBe(1);
    expect(usage.stdout).toMatch(/^state: +full\nfiles: +3 of 2\n/);
    const id = String(incident["id"]);
    const release = { reason: "there is none" };
    expect(await askAdmin(gateway, "POST", `/v1/incidents/${id}/release`, release)).toMatchObject({
      error: { code: "REVIEW_CONFLICT", message: expect.stringContaining("no file was kept") },
    });
    expect(gateway.stderr).toContain("above its high-water mark, and nothing in it may go yet");
  });
});

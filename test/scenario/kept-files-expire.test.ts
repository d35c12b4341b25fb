import { mkdtemp } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readOrCreateKey } from "../../src/location/key-file.ts";
import { createQuarantineWriter } from "../../src/quarantine/create-quarantine-writer.ts";
import { itemPlace } from "../../src/quarantine/item-place.ts";
import { idOf, sourceOf, STORY } from "../../src/quarantine/kept-files.test-data.ts";
import { readNdjson } from "../support/cli.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig } from "../support/write-config.ts";

const DAY_MS = 86_400_000;

describe("a file in the quarantine", () => {
  it("is deleted once it is older than limits.quarantine_days, and its story says so", async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
    const store = join(dir, "data", "quarantine");
    const key = readOrCreateKey(join(dir, "data", "keys"), "quarantine.key");
    const keptDaysAgo = async (days: number): Promise<string> => {
      const clock = createManualClock(Date.now() - days * DAY_MS);
      const writer = createQuarantineWriter({ clock }, { dir: store, key, maxBytes: 1e6 });
      return idOf(await writer.keep(sourceOf(Buffer.from("bad")), STORY));
    };
    const old = await keptDaysAgo(3.1);
    const young = await keptDaysAgo(2.9);
    const config = await writeConfig(dir, { limits: { quarantine_days: 3 } });
    await using gateway = await GatewayProcess.startIn(dir, config);
    const hasBody = (id: string): boolean =>
      existsSync(join(itemPlace(store, id).folder, "body.enc"));
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
});

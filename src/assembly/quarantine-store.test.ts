import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import type { DataConfig } from "../config/config.ts";
import { createQuarantineReader } from "../quarantine/create-quarantine-reader.ts";
import { createQuarantineWriter } from "../quarantine/create-quarantine-writer.ts";
import { itemPlace } from "../quarantine/item-place.ts";
import { idOf, sourceOf, STORY, wholeOf } from "../quarantine/kept-files.test-data.ts";
import { quarantineStore, type QuarantineStore } from "./quarantine-store.ts";

let dir = "";
let files = 0;
const clock = createManualClock();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-store-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function keyFile(): string {
  const file = join(dir, `key-${(files += 1)}`);
  writeFileSync(file, randomBytes(32));
  return file;
}

function open(changes: Partial<DataConfig> = {}): QuarantineStore {
  return quarantineStore({ data: { dir, ...changes } });
}

async function keeps(store: QuarantineStore): Promise<string> {
  const writer = createQuarantineWriter({ clock }, { ...store, maxBytes: 1e9 });
  clock.advance(1);
  return idOf(await writer.keep(sourceOf(randomBytes(100)), STORY));
}

async function readable(store: QuarantineStore, id: string): Promise<boolean> {
  const archive = await createQuarantineReader(store).download(id);
  return (await wholeOf(archive)).length > 0;
}

const OWN = "keys/quarantine.key";

describe("quarantineStore", () => {
  it("makes a key of its own at the first start, and takes it again", async () => {
    const store = open();
    const id = await keeps(store);
    expect(open().key).toEqual(store.key);
    expect(await readable(open(), id)).toBe(true);
  });

  it("never makes a new key over files that were sealed with one that is gone", async () => {
    await keeps(open());
    rmSync(join(dir, OWN));
    expect(() => open()).toThrow(
      `the quarantine's key ${join(dir, OWN)} is gone, and 1 of the 1 kept files`,
    );
    // Also where the store is older than its list of keys.
    rmSync(join(dir, "quarantine", "key-ids"));
    expect(() => open()).toThrow("restore that key, or name it in data.quarantine_old_keys");
    expect(() => readFileSync(join(dir, OWN))).toThrow("ENOENT");
  });

  it("says so when the key is another one, and opens old files by the keys in use before", async () => {
    const [first, second] = [keyFile(), keyFile()];
    const old = await keeps(open({ quarantineKey: { file: first } }));
    expect(() => open({ quarantineKey: { file: second } })).toThrow(
      `the quarantine's key (${second}) is not the one that 1 of the 1 kept files`,
    );
    const rotated = { quarantineKey: { file: second }, quarantineOldKeys: [first] };
    const store = open(rotated);
    const fresh = await keeps(store);
    expect(await readable(store, old)).toBe(true);
    expect(await readable(store, fresh)).toBe(true);
    // The old key may be forgotten when nothing is left that it has sealed, not before.
    expect(() => open({ quarantineKey: { file: second } })).toThrow("1 of the 2 kept files");
    await createQuarantineReader(store).delete(old);
    expect(await readable(open({ quarantineKey: { file: second } }), fresh)).toBe(true);
  });

  it("does not take a damaged file for a wrong key", async () => {
    const store = open();
    const id = await keeps(store);
    writeFileSync(join(itemPlace(store.dir, id).folder, "body.enc"), randomBytes(184));
    expect(open().key).toEqual(store.key);
  });
});

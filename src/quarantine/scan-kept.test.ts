import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import type { ScanReport, ScanSource } from "../scan/scan-engine.ts";
import { createQuarantineWriter } from "./create-quarantine-writer.ts";
import { itemPlace } from "./item-place.ts";
import { idOf, KEY, sourceOf, STORY } from "./kept-files.test-data.ts";
import { scanKept } from "./scan-kept.ts";

const CLEAN = { kind: "clean", engine: "builtin", ms: 1 } as const;
const REPORT: ScanReport = { verdict: CLEAN, results: [CLEAN], trueType: undefined };
const BYTES = randomBytes(200_001);

let dir = "";
let id = "";
let body = "";
/** What the engines read; undefined: they were not asked. */
let seen: Buffer | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-scan-kept-"));
  const clock = createManualClock();
  const writer = createQuarantineWriter({ clock }, { dir, key: KEY, maxBytes: 1e9 });
  id = idOf(await writer.keep(sourceOf(BYTES), STORY));
  body = join(itemPlace(dir, id).folder, "body.enc");
  seen = undefined;
});
afterEach(() => rmSync(dir, { recursive: true }));

/** As an engine does, in pieces that are no frames. */
async function scan(source: ScanSource): Promise<ScanReport> {
  const whole = Buffer.alloc(source.size);
  for (let position = 0; position < source.size;) {
    position += source.read(whole.subarray(position, position + 9_973), position);
  }
  expect(source.read(Buffer.alloc(10), source.size)).toBe(0);
  seen = whole;
  return REPORT;
}

const expected = () => ({ id, size: BYTES.length, sha256: sourceOf(BYTES).sha256 });
const scanned = async (changes = {}, keys = [KEY]) =>
  scanKept({ scan }, { dir, keys }, { ...expected(), ...changes });

describe("scanKept", () => {
  it("gives the engines exactly the bytes that were kept, at any position", async () => {
    expect(await scanned()).toEqual({ kind: "scanned", report: REPORT });
    expect(seen?.equals(BYTES)).toBe(true);
    expect(await scanned({}, [Buffer.alloc(32, 9), KEY])).toMatchObject({ kind: "scanned" });
  });

  it("asks no engine about a file that is not the one of its story", async () => {
    const other = await scanned({ sha256: "ab".repeat(32) });
    expect(other).toMatchObject({
      kind: "damaged",
      detail: expect.stringContaining("not the one"),
    });
    expect(await scanned({ size: 7 })).toMatchObject({ kind: "damaged" });
    expect(await scanned({}, [Buffer.alloc(32, 9)])).toMatchObject({
      kind: "damaged",
      detail: expect.stringContaining("does not open with a key of this gateway"),
    });
    const bytes = readFileSync(body);
    for (const at of [10, 100, 70_000, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      writeFileSync(body, changed);
      expect([at, (await scanned()).kind]).toEqual([at, "damaged"]);
    }
    writeFileSync(body, bytes.subarray(0, -1));
    expect(await scanned()).toMatchObject({ kind: "damaged" });
    expect(seen).toBeUndefined();
  });

  it("says when there are no bytes any more", async () => {
    unlinkSync(body);
    expect(await scanned()).toEqual({ kind: "gone" });
  });
});

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createUlid } from "../base/ulid.ts";
import { createQuarantineReader } from "./create-quarantine-reader.ts";
import { createQuarantineWriter } from "./create-quarantine-writer.ts";
import { ITEM_COST_BYTES } from "./item-cost.ts";
import { itemPlace } from "./item-place.ts";
import { idOf, KEY, sourceOf, STORY, wholeOf } from "./kept-files.test-data.ts";
import type { QuarantineReader, QuarantineStory, TrimGoal } from "./quarantine.ts";
import { FRAME_BYTES, HEADER_BYTES, SEALED_FRAME_BYTES } from "./sealed-body.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

let dir = "";
let clock: ManualClock;
let reader: QuarantineReader;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-quarantine-"));
  clock = createManualClock();
  reader = createQuarantineReader({ dir, key: KEY });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Keeps a file and lets a millisecond pass, so that ids are in order. */
async function kept(bytes: Buffer, story: QuarantineStory = STORY): Promise<string> {
  const writer = createQuarantineWriter({ clock }, { dir, key: KEY, maxBytes: 1e9 });
  const id = idOf(await writer.keep(sourceOf(bytes), story));
  clock.advance(1);
  return id;
}

function pathOf(id: string, name: string): string {
  return join(itemPlace(dir, id).folder, name);
}

async function ids(limit = 100): Promise<readonly string[]> {
  return (await reader.list(limit)).map((item) => item.id);
}

describe("createQuarantineReader", () => {
  it("gives back the whole story", async () => {
    const at = clock.now();
    const bytes = randomBytes(100);
    const id = await kept(bytes);
    expect(await reader.show(id)).toEqual({
      ...STORY,
      id,
      size: 100,
      sha256: sourceOf(bytes).sha256,
      storedAt: at,
      state: "quarantined",
    });
  });

  it("lists the newest first, over days, and no more than asked for", async () => {
    const first = await kept(randomBytes(1));
    clock.advance(40 * DAY_MS);
    const second = await kept(randomBytes(1));
    const third = await kept(randomBytes(1));
    expect(await ids()).toEqual([third, second, first]);
    expect(await ids(2)).toEqual([third, second]);
    expect(await ids(0)).toEqual([]);
    expect(await ids(Number.NaN)).toEqual([]);
  });

  it("has nothing while there is no folder", async () => {
    rmSync(dir, { recursive: true });
    expect(await reader.list(10)).toEqual([]);
    expect(await reader.show(createUlid(clock.now()))).toBeUndefined();
    expect(await reader.expire(clock.now(), 0)).toHaveLength(0);
  });

  it("forgets what was deleted or has expired long ago, and nothing that still has its bytes", async () => {
    const gone = await kept(randomBytes(1));
    const whole = await kept(randomBytes(1));
    clock.advance(100 * DAY_MS);
    const recent = await kept(randomBytes(1));
    await reader.delete(gone);
    await reader.delete(recent);
    expect(await reader.forget(clock.now(), 90 * DAY_MS)).toBe(1);
    expect((await reader.list(10)).map((item) => item.id)).toEqual([recent, whole]);
    await reader.delete(whole);
    expect(await reader.forget(clock.now(), 90 * DAY_MS)).toBe(1);
    expect(existsSync(itemPlace(dir, gone).dayFolder)).toBe(false);
  });

  it.each([
    "",
    "..",
    "../../etc",
    "/etc/passwd",
    "2026-01-01",
    "a\0b",
    "01aryz6s41tsv4rrffq69g5fav",
  ])("knows no item of the name %j", async (id) => {
    await kept(randomBytes(1));
    expect(await reader.show(id)).toBeUndefined();
    expect(await reader.download(id)).toBeUndefined();
    expect(await reader.delete(id)).toBeUndefined();
  });

  it("follows no link in place of a day, an item or a file", async () => {
    const [day, item, story, body] = [
      await kept(randomBytes(1)),
      (clock.advance(DAY_MS), await kept(randomBytes(1))),
      (clock.advance(DAY_MS), await kept(randomBytes(1))),
      await kept(randomBytes(1)),
    ];
    const moved = (path: string, name: string): void => {
      renameSync(path, join(dir, name));
      symlinkSync(join(dir, name), path);
    };
    moved(itemPlace(dir, day).dayFolder, "moved-day");
    moved(itemPlace(dir, item).folder, "moved-item");
    moved(pathOf(story, "meta.json"), "moved-story");
    moved(pathOf(body, "body.enc"), "moved-body");
    expect(await ids()).toEqual([body]);
    expect(await reader.show(day)).toBeUndefined();
    expect(await reader.show(item)).toBeUndefined();
    await expect(reader.show(story)).rejects.toThrow(/no file of ours/);
    await expect(wholeOf(await reader.download(body))).rejects.toMatchObject({
      code: "QUARANTINE_FAILED",
    });
  });

  it.each(["", "{", "null", "[]", '{"schema":2}', '{"schema":1}'])(
    "calls an item damaged whose story is %j, and lists the others",
    async (text) => {
      const whole = await kept(randomBytes(1));
      const id = await kept(randomBytes(1));
      writeFileSync(pathOf(id, "meta.json"), text);
      expect(await ids()).toEqual([whole]);
      await expect(reader.show(id)).rejects.toMatchObject({ code: "QUARANTINE_DAMAGED" });
      await expect(reader.delete(id)).rejects.toMatchObject({ code: "QUARANTINE_DAMAGED" });
    },
  );

  it("calls an item damaged that bears the story of another", async () => {
    const [one, other] = [await kept(randomBytes(1)), await kept(randomBytes(1))];
    copyFileSync(pathOf(other, "meta.json"), pathOf(one, "meta.json"));
    await expect(reader.show(one)).rejects.toMatchObject({ code: "QUARANTINE_DAMAGED" });
  });
});

describe("createQuarantineReader's delete", () => {
  it("removes the bytes and keeps the story", async () => {
    const id = await kept(randomBytes(10));
    expect(await reader.delete(id)).toMatchObject({ id, state: "deleted", name: STORY.name });
    expect(readdirSync(itemPlace(dir, id).folder)).toEqual(["meta.json"]);
    expect(await reader.show(id)).toMatchObject({ ...STORY, state: "deleted" });
    expect(await reader.download(id)).toBeUndefined();
    expect(await reader.delete(id)).toMatchObject({ state: "deleted" });
  });

  it("bears many at once for one item", async () => {
    const id = await kept(randomBytes(10));
    const results = await Promise.all(Array.from({ length: 10 }, () => reader.delete(id)));
    expect(results.map((item) => item?.state)).toEqual(Array(10).fill("deleted"));
  });
});

describe("createQuarantineReader's expire", () => {
  it("removes the bytes of what is older, and says of how many", async () => {
    const old = await kept(randomBytes(1));
    const deleted = await kept(randomBytes(1));
    await reader.delete(deleted);
    const damaged = await kept(randomBytes(1));
    writeFileSync(pathOf(damaged, "meta.json"), "{");
    clock.advance(7 * DAY_MS);
    const fresh = await kept(randomBytes(1));

    expect(await reader.expire(clock.now(), 7 * DAY_MS)).toHaveLength(2);
    expect(await reader.show(old)).toMatchObject({ state: "expired" });
    expect(await reader.show(deleted)).toMatchObject({ state: "deleted" });
    expect(await reader.show(fresh)).toMatchObject({ state: "quarantined" });
    expect(existsSync(pathOf(old, "body.enc"))).toBe(false);
    expect(existsSync(pathOf(damaged, "body.enc"))).toBe(false);
    expect(existsSync(pathOf(fresh, "body.enc"))).toBe(true);
    expect(await reader.expire(clock.now(), 7 * DAY_MS)).toHaveLength(0);
  });

  it("goes by the time that its rule has an item kept, longer or shorter", async () => {
    const short = await kept(randomBytes(1), { ...STORY, keepMs: DAY_MS });
    const long = await kept(randomBytes(1), { ...STORY, keepMs: 30 * DAY_MS });
    const plain = await kept(randomBytes(1));
    const states = async (): Promise<readonly (string | undefined)[]> =>
      Promise.all([short, plain, long].map(async (id) => (await reader.show(id))?.state));

    clock.advance(DAY_MS);
    expect(await reader.expire(clock.now(), 7 * DAY_MS)).toHaveLength(1);
    expect(await states()).toEqual(["expired", "quarantined", "quarantined"]);
    clock.advance(7 * DAY_MS);
    expect(await reader.expire(clock.now(), 7 * DAY_MS)).toHaveLength(1);
    expect(await states()).toEqual(["expired", "expired", "quarantined"]);
    clock.advance(23 * DAY_MS);
    expect(await reader.expire(clock.now(), 7 * DAY_MS)).toHaveLength(1);
    expect(await states()).toEqual(["expired", "expired", "expired"]);
  });

  it("takes an item the moment that it is older, not before", async () => {
    await kept(randomBytes(1));
    const storedAt = clock.now() - 1;
    expect(await reader.expire(storedAt + 1000, 1000)).toHaveLength(0);
    expect(await reader.expire(storedAt + 1001, 1000)).toHaveLength(1);
  });
});

describe("createQuarantineReader's trim", () => {
  const goal = (changes: Partial<TrimGoal>): TrimGoal => ({
    maxBytes: 1e9,
    maxFiles: 1e9,
    minAgeMs: DAY_MS,
    ...changes,
  });

  it("removes the oldest, as many as it takes by number or by size, and keeps their stories", async () => {
    const all: string[] = [];
    for (const size of [10_000, 20_000, 30_000, 40_000]) all.push(await kept(randomBytes(size)));
    clock.advance(DAY_MS);
    const before = await reader.usage();
    expect(before).toMatchObject({ files: 4, stories: 0, bytes: 100_000 + 4 * ITEM_COST_BYTES });
    expect(before.oldestAt).toBeLessThan(before.newestAt ?? 0);
    const byNumber = await reader.trim(clock.now(), goal({ maxFiles: 3 }));
    expect(byNumber).toMatchObject({
      reached: true,
      removed: [{ id: all[0], incident: STORY.incident }],
    });
    const maxBytes = (await reader.usage()).bytes - 20_001;
    const bySize = await reader.trim(clock.now(), goal({ maxBytes }));
    expect(bySize.removed.map(({ id }) => id)).toEqual([all[1]]);
    expect((await reader.usage()).bytes).toBeLessThanOrEqual(maxBytes);
    expect(await Promise.all(all.map(async (id) => (await reader.show(id))?.state))).toEqual([
      "expired",
      "expired",
      "quarantined",
      "quarantined",
    ]);
    expect(await reader.usage()).toMatchObject({ files: 2, stories: 2 });
  });

  it("goes on past one that cannot be removed, says what went, and rejects when nothing did", async () => {
    const all: string[] = [];
    for (let file = 0; file < 3; file += 1) all.push(await kept(randomBytes(10)));
    // A folder where the new story would be written.
    mkdirSync(pathOf(all[0] ?? "", "meta.json.tmp"));
    clock.advance(15 * DAY_MS);
    expect(await reader.trim(clock.now(), goal({ maxFiles: 1 }))).toMatchObject({
      reached: false,
      removed: [{ id: all[1] }],
    });
    expect(await reader.expire(clock.now(), 14 * DAY_MS)).toMatchObject([{ id: all[2] }]);
    await expect(reader.expire(clock.now(), 14 * DAY_MS)).rejects.toMatchObject({
      code: "QUARANTINE_FAILED",
    });
    await expect(reader.trim(clock.now(), goal({ maxFiles: 0 }))).rejects.toMatchObject({
      code: "QUARANTINE_FAILED",
    });
    expect(await reader.show(all[0] ?? "")).toMatchObject({ state: "quarantined" });
  });

  it("removes nothing when those that may go are not enough", async () => {
    const long = await kept(randomBytes(10), { ...STORY, keepMs: 30 * DAY_MS });
    const damaged = await kept(randomBytes(10));
    writeFileSync(pathOf(damaged, "meta.json"), "{");
    const old = await kept(randomBytes(10));
    clock.advance(DAY_MS);
    const young = await kept(randomBytes(10));
    expect(await reader.trim(clock.now(), goal({ maxFiles: 2 }))).toEqual({
      reached: false,
      removed: [],
    });
    expect(existsSync(pathOf(old, "body.enc"))).toBe(true);
    const { removed } = await reader.trim(clock.now(), goal({ maxFiles: 3 }));
    expect(removed.map(({ id }) => id)).toEqual([old]);
    for (const id of [long, damaged, young]) {
      expect(existsSync(pathOf(id, "body.enc"))).toBe(true);
    }
  });
});

describe("createQuarantineReader's download", () => {
  const UNZIP = canRun("unzip", ["-v"]);
  const PYTHON = canRun("python3", ["-c", "import zipfile"]);
  const SIZES = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES, 1_234_567];

  function canRun(program: string, args: readonly string[]): boolean {
    try {
      execFileSync(program, args, { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  }

  async function archiveOf(bytes: Buffer, name: string): Promise<string> {
    const id = await kept(bytes, { ...STORY, name });
    const path = join(dir, "archive.zip");
    writeFileSync(path, await wholeOf(await reader.download(id)));
    return path;
  }

  it.skipIf(!UNZIP).each(SIZES)(
    "is an archive that unzip opens with the password (%d bytes; needs unzip)",
    async (size) => {
      const bytes = randomBytes(size);
      const path = await archiveOf(bytes, "report.exe");
      execFileSync("unzip", ["-P", "infected", "-tqq", path]);
      const options = { maxBuffer: 10_000_000 };
      const content = execFileSync("unzip", ["-P", "infected", "-pqq", path], options);
      expect(content.equals(bytes)).toBe(true);
      expect(() =>
        execFileSync("unzip", ["-P", "wrong", "-tqq", path], { stdio: "ignore" }),
      ).toThrow(/unzip/);
    },
  );

  it.skipIf(!PYTHON).each(SIZES)(
    "is an archive that Python opens with the password (%d bytes; needs python3)",
    async (size) => {
      const bytes = randomBytes(size);
      const path = await archiveOf(bytes, "ünïcode \u{1F4C4}.exe");
      const script = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1]); z.setpassword(b"infected")
[e] = z.infolist()
assert e.flag_bits & 1 and e.filename == "ünïcode \\U0001F4C4.exe", e
assert e.date_time == (2026, 1, 1, 0, 0, 0), e
sys.stdout.buffer.write(z.read(e))`;
      const options = { maxBuffer: 10_000_000, env: { ...process.env, PYTHONUTF8: "1" } };
      const content = execFileSync("python3", ["-c", script, path], options);
      expect(content.equals(bytes)).toBe(true);
    },
  );

  it("holds nothing of the file in the clear", async () => {
    const text = Buffer.from("a text that a scanner on the way would find; ".repeat(4000));
    const archive = await wholeOf(await reader.download(await kept(text)));
    expect(archive.includes("scanner")).toBe(false);
  });

  it("can be stopped half-way and begun again", async () => {
    const id = await kept(randomBytes(300_000));
    for await (const piece of (await reader.download(id)) ?? []) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect((await wholeOf(await reader.download(id))).length).toBeGreaterThan(300_000);
  });

  it("goes on when the item is deleted meanwhile", async () => {
    const id = await kept(randomBytes(1_000_000));
    let length = 0;
    for await (const piece of (await reader.download(id)) ?? []) {
      if (length === 0) await reader.delete(id);
      length += piece.length;
    }
    expect(length).toBeGreaterThan(1_000_000);
  });
});

describe("a damaged body", () => {
  const SIZE = 2 * FRAME_BYTES + 1000;

  /** What comes out before the error; anything at all would be too much. */
  async function expectNothingOf(id: string, from: QuarantineReader = reader): Promise<void> {
    const download = await from.download(id);
    const given: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of download ?? []) given.push(piece);
    })();
    await expect(reading).rejects.toMatchObject({ code: "QUARANTINE_DAMAGED" });
    expect(given).toEqual([]);
  }

  function frameAt(index: number): number {
    return HEADER_BYTES + index * SEALED_FRAME_BYTES;
  }

  it("is noticed wherever a bit is turned", async () => {
    const id = await kept(randomBytes(SIZE));
    const path = pathOf(id, "body.enc");
    const body = readFileSync(path);
    const header = Array.from({ length: HEADER_BYTES }, (_, index) => index);
    const frames = [0, 1, 2].flatMap((index) => [frameAt(index), frameAt(index) + 500]);
    const ends = [frameAt(1) - 1, frameAt(2) - 16, body.length - 16, body.length - 1];
    for (const at of [...header, ...frames, ...ends]) {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
      writeFileSync(path, changed);
      await expectNothingOf(id);
    }
    writeFileSync(path, body);
    expect((await wholeOf(await reader.download(id))).length).toBeGreaterThan(SIZE);
  });

  it.each([
    ["empty", 0],
    ["a piece of the header", 10],
    ["the header alone", HEADER_BYTES],
    ["one frame", frameAt(1)],
    ["cut at a frame", frameAt(2)],
    ["cut within a frame", frameAt(2) + 100],
    ["cut by a byte", frameAt(2) + 1000 + 15],
  ])("is noticed when it is %s", async (_, bytes) => {
    const id = await kept(randomBytes(SIZE));
    truncateSync(pathOf(id, "body.enc"), bytes);
    await expectNothingOf(id);
  });

  it("is noticed when it is cut at a frame and the story has the size and the hash of the rest", async () => {
    const bytes = randomBytes(SIZE);
    const id = await kept(bytes);
    truncateSync(pathOf(id, "body.enc"), frameAt(2));
    changeStory(id, `"size": ${SIZE}`, `"size": ${2 * FRAME_BYTES}`);
    const rest = sourceOf(bytes.subarray(0, 2 * FRAME_BYTES));
    changeStory(id, /"sha256": "[0-9a-f]+"/, `"sha256": "${rest.sha256}"`);
    await expectNothingOf(id);
  });

  it("is noticed when a frame is added and the story says so", async () => {
    const id = await kept(randomBytes(FRAME_BYTES));
    const path = pathOf(id, "body.enc");
    const body = readFileSync(path);
    writeFileSync(path, Buffer.concat([body, body.subarray(HEADER_BYTES)]));
    changeStory(id, `"size": ${FRAME_BYTES}`, `"size": ${2 * FRAME_BYTES}`);
    await expectNothingOf(id);
  });

  it("is noticed when frames have changed places", async () => {
    const id = await kept(randomBytes(SIZE));
    const path = pathOf(id, "body.enc");
    const body = readFileSync(path);
    const [one, two] = [frameAt(0), frameAt(1)];
    const pieces = [
      body.subarray(0, one),
      body.subarray(two, frameAt(2)),
      body.subarray(one, two),
      body.subarray(frameAt(2)),
    ];
    writeFileSync(path, Buffer.concat(pieces));
    await expectNothingOf(id);
  });

  it("is noticed when a frame, or all of it, comes from another item", async () => {
    const bytes = randomBytes(SIZE);
    const [id, other] = [await kept(bytes), await kept(bytes)];
    const path = pathOf(id, "body.enc");
    const [body, foreign] = [readFileSync(path), readFileSync(pathOf(other, "body.enc"))];
    const pieces = [
      body.subarray(0, frameAt(1)),
      foreign.subarray(frameAt(1), frameAt(2)),
      body.subarray(frameAt(2)),
    ];
    writeFileSync(path, Buffer.concat(pieces));
    await expectNothingOf(id);
    writeFileSync(path, foreign);
    await expectNothingOf(id);
  });

  it("is noticed when the story names another file", async () => {
    const id = await kept(randomBytes(SIZE));
    changeStory(id, /"sha256": "[0-9a-f]+"/, `"sha256": "${"0".repeat(64)}"`);
    await expectNothingOf(id);
  });

  it("is noticed when the story names another size", async () => {
    const id = await kept(randomBytes(SIZE));
    changeStory(id, `"size": ${SIZE}`, `"size": ${SIZE - 1}`);
    await expectNothingOf(id);
  });

  it("is what a reader with another key sees", async () => {
    const id = await kept(randomBytes(SIZE));
    const stranger = createQuarantineReader({ dir, key: Buffer.alloc(32, 8) });
    await expectNothingOf(id, stranger);
  });

  function changeStory(id: string, what: string | RegExp, by: string): void {
    const path = pathOf(id, "meta.json");
    const text = readFileSync(path, "utf8");
    const changed = text.replace(what, by);
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
  }
});

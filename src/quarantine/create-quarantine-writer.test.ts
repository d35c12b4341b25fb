import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createUlid } from "../base/ulid.ts";
import { killAtRandom } from "../spool/kill-at-random.test-data.ts";
import { CAN_MOUNT, mountSmallDisk } from "../spool/small-disk.test-data.ts";
import { createQuarantineReader } from "./create-quarantine-reader.ts";
import { createQuarantineWriter } from "./create-quarantine-writer.ts";
import { ITEM_COST_BYTES } from "./item-cost.ts";
import { idOf, KEY, namesBelow, sourceOf, STORY, wholeOf } from "./kept-files.test-data.ts";
import type { NotKept, QuarantineReader, QuarantineWriter } from "./quarantine.ts";

/** 2026-01-01T00:00:00Z, where the manual clock stands. */
const TODAY = "2026-01-01";
const clock = createManualClock();

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-quarantine-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function openWriter(maxBytes = 10_000_000, folder = dir): QuarantineWriter {
  return createQuarantineWriter({ clock }, { dir: folder, key: KEY, maxBytes });
}

function openReader(): QuarantineReader {
  return createQuarantineReader({ dir, key: KEY });
}

describe("createQuarantineWriter", () => {
  it("keeps a file under our name alone, for this account alone", async () => {
    const id = idOf(await openWriter().keep(sourceOf(randomBytes(100_000)), STORY));
    const folder = join(TODAY, id);
    expect(namesBelow(dir)).toEqual([
      TODAY,
      folder,
      join(folder, "body.enc"),
      join(folder, "meta.json"),
    ]);
    for (const name of ["", TODAY, folder]) {
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o700);
    }
    for (const name of ["body.enc", "meta.json"]) {
      expect(statSync(join(dir, folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("lets nothing of the file be seen on the disk", async () => {
    const secret = Buffer.from("a text that a scanner on the host would find; ".repeat(4000));
    const id = idOf(await openWriter().keep(sourceOf(secret), STORY));
    const body = readFileSync(join(dir, TODAY, id, "body.enc"));
    expect(body.includes("scanner")).toBe(false);
    const again = idOf(await openWriter().keep(sourceOf(secret), STORY));
    const other = readFileSync(join(dir, TODAY, again, "body.enc"));
    expect(other.subarray(8).equals(body.subarray(8))).toBe(false);
  });

  it.each(["../../x", "/etc/passwd", "a\0b", "..\\..\\x", "x/../../../y", ".", "", "\u202E"])(
    "makes no path of the name %j",
    async (name) => {
      const parent = dirname(dir);
      const before = readdirSync(parent).filter((entry) => entry.startsWith("sluice-quarantine-"));
      const story = { ...STORY, name, callId: name, incident: name, from: name };
      const id = idOf(await openWriter().keep(sourceOf(Buffer.from("x")), story));
      expect(namesBelow(dir)).toHaveLength(4);
      expect(readdirSync(parent).filter((entry) => entry.startsWith("sluice-quarantine-"))).toEqual(
        before,
      );
      expect((await openReader().show(id))?.name).toBe(name);
    },
  );

  it.each([
    ["shorter than announced", { size: 100_001 }],
    ["longer than announced", { size: 65_536, sha256: sourceOf(Buffer.alloc(65_536)).sha256 }],
    ["another than was received", { sha256: "0".repeat(64) }],
    [
      "unreadable",
      {
        read: () => {
          throw new Error("EIO");
        },
      },
    ],
  ])("keeps nothing of a file that is %s", async (_, change) => {
    const result = await openWriter().keep(
      { ...sourceOf(Buffer.alloc(100_000)), ...change },
      STORY,
    );
    expect(result).toMatchObject({ kind: "not-kept", reason: "failed" });
    expect(namesBelow(dir)).toEqual([TODAY]);
  });

  it("keeps on working after a failure", async () => {
    const writer = openWriter();
    const bad = writer.keep({ ...sourceOf(randomBytes(10)), sha256: "" }, STORY);
    const good = writer.keep(sourceOf(randomBytes(10)), STORY);
    expect((await bad).kind).toBe("not-kept");
    expect((await good).kind).toBe("kept");
  });

  it("refuses a story that is too long to be read again", async () => {
    const story = { ...STORY, name: "x".repeat(2_000_000) };
    expect(await openWriter().keep(sourceOf(Buffer.from("x")), story)).toMatchObject({
      reason: "failed",
    });
    expect(namesBelow(dir)).toEqual([]);
  });

  it("does not write through a link planted in place of the day", async () => {
    const writer = openWriter();
    const elsewhere = mkdtempSync(join(tmpdir(), "sluice-elsewhere-"));
    symlinkSync(elsewhere, join(dir, TODAY));
    expect(await writer.keep(sourceOf(Buffer.from("x")), STORY)).toMatchObject({
      kind: "not-kept",
      reason: "failed",
    });
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  it("takes turns with the rest of the thread while it keeps a long file", async () => {
    let turns = 0;
    let going = true;
    const turn = (): void => {
      turns += 1;
      if (going) setImmediate(turn);
    };
    setImmediate(turn);
    await openWriter().keep(sourceOf(Buffer.alloc(8 * 1024 * 1024)), STORY);
    going = false;
    expect(turns).toBeGreaterThanOrEqual(7);
  });

  it("refuses a key of another length", () => {
    expect(() =>
      createQuarantineWriter({ clock }, { dir, key: Buffer.alloc(16), maxBytes: 1 }),
    ).toThrow(RangeError);
  });

  it("says so when the folder cannot be made", () => {
    writeFileSync(join(dir, "file"), "");
    expect(() => openWriter(1, join(dir, "file", "quarantine"))).toThrow(
      expect.objectContaining({ code: "QUARANTINE_FAILED" }),
    );
  });
});

describe("createQuarantineWriter's quota", () => {
  /** Room for so many items of so many bytes together. */
  const room = (items: number, bytes: number): number => items * ITEM_COST_BYTES + bytes;

  it("is full at exactly its size, across a restart", async () => {
    const writer = openWriter(room(2, 1000));
    idOf(await writer.keep(sourceOf(randomBytes(600)), STORY));
    expect(await writer.keep(sourceOf(randomBytes(401)), STORY)).toMatchObject({
      kind: "not-kept",
      reason: "full",
    });
    expect(await openWriter(room(2, 1000)).keep(sourceOf(randomBytes(401)), STORY)).toMatchObject({
      reason: "full",
    });
    expect(await openWriter(room(2, 1000)).keep(sourceOf(randomBytes(400)), STORY)).toMatchObject({
      kind: "kept",
    });
  });

  it("counts what a file takes on the disk however small it is", async () => {
    const writer = openWriter(room(3, 1000));
    const results = [];
    for (let file = 0; file < 5; file += 1) {
      results.push((await writer.keep(sourceOf(Buffer.from("x")), STORY)).kind);
    }
    expect(results).toEqual(["kept", "kept", "kept", "not-kept", "not-kept"]);
  });

  it("has room again as soon as the reader has deleted, but for the story", async () => {
    const writer = openWriter(room(1, 20_000));
    const id = idOf(await writer.keep(sourceOf(randomBytes(20_000)), STORY));
    expect(await writer.keep(sourceOf(randomBytes(1)), STORY)).toMatchObject({ reason: "full" });
    await openReader().delete(id);
    idOf(await writer.keep(sourceOf(randomBytes(20_000 - 8192)), STORY));
    expect(await writer.keep(sourceOf(randomBytes(1)), STORY)).toMatchObject({ reason: "full" });
  });

  it("is full at so many files, whatever their size, and says what one more would take", async () => {
    const options = { dir, key: KEY, maxBytes: 1e9, maxFiles: 2 };
    const writer = createQuarantineWriter({ clock }, options);
    const id = idOf(await writer.keep(sourceOf(randomBytes(1)), STORY));
    idOf(await writer.keep(sourceOf(randomBytes(1)), STORY));
    expect(await writer.keep(sourceOf(randomBytes(5)), STORY)).toEqual({
      kind: "not-kept",
      reason: "full",
      detail: "the quarantine holds 2 of 2 files",
      needs: 5 + ITEM_COST_BYTES,
    });
    await openReader().delete(id);
    idOf(await writer.keep(sourceOf(randomBytes(5)), STORY));
  });

  it("leaves the reserve of the disk alone", async () => {
    const options = { dir, key: KEY, maxBytes: 1e9, reserveBytes: 2 ** 60 };
    const writer = createQuarantineWriter({ clock }, options);
    const before = statfsSync(dir);
    const result = await writer.keep(sourceOf(Buffer.from("x")), STORY);
    expect(result).toMatchObject({
      reason: "full",
      detail: "the disk has no more room than its reserve",
      needs: 1 + ITEM_COST_BYTES,
    });
    // What others write meanwhile is little beside it.
    const { lacks = 0 } = result as NotKept;
    const wanted = 2 ** 60 + 1 + ITEM_COST_BYTES - before.bavail * before.bsize;
    expect(Math.abs(lacks - wanted)).toBeLessThan(2 ** 30);
  });

  it("counts files that are kept at the same time", async () => {
    const writer = openWriter(room(3, 1000));
    const results = await Promise.all(
      [400, 400, 400].map((size) => writer.keep(sourceOf(randomBytes(size)), STORY)),
    );
    expect(results.map((result) => result.kind)).toEqual(["kept", "kept", "not-kept"]);
  });
});

describe("createQuarantineWriter after a crash", () => {
  it("removes what was never finished and keeps what was", async () => {
    const bytes = randomBytes(70_000);
    const id = idOf(await openWriter().keep(sourceOf(bytes), STORY));
    const half = join(dir, TODAY, createUlid(clock.now()));
    mkdirSync(half);
    writeFileSync(join(half, "body.enc"), randomBytes(500));
    writeFileSync(join(half, "meta.json.tmp"), "{");
    openWriter();
    expect(existsSync(half)).toBe(false);
    expect((await openReader().list(10)).map((item) => item.id)).toEqual([id]);
  });

  it("removes the bytes of an item whose deletion was cut short", async () => {
    const id = idOf(await openWriter().keep(sourceOf(randomBytes(10)), STORY));
    const folder = join(dir, TODAY, id);
    const story = readFileSync(join(folder, "meta.json"), "utf8");
    writeFileSync(join(folder, "meta.json"), story.replace('"quarantined"', '"deleted"'));
    openWriter();
    expect(readdirSync(folder)).toEqual(["meta.json"]);
  });

  it("touches neither names that are not its own, nor what links lead to, nor a damaged story", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "sluice-elsewhere-"));
    writeFileSync(join(elsewhere, "body.enc"), "theirs");
    mkdirSync(join(dir, TODAY));
    symlinkSync(elsewhere, join(dir, TODAY, createUlid(clock.now())));
    symlinkSync(elsewhere, join(dir, "2026-01-02"));
    mkdirSync(join(dir, TODAY, "notes"));
    writeFileSync(join(dir, TODAY, "notes", "body.enc"), "theirs");
    const damaged = join(dir, TODAY, createUlid(clock.now() + 1));
    mkdirSync(damaged);
    writeFileSync(join(damaged, "meta.json"), "{");
    writeFileSync(join(damaged, "body.enc"), "x");
    const before = namesBelow(dir);
    openWriter();
    expect(namesBelow(dir)).toEqual(before);
    expect(readdirSync(elsewhere)).toEqual(["body.enc"]);
    rmSync(elsewhere, { recursive: true });
  });
});

describe("createQuarantineWriter after kill -9", () => {
  /** Keeps file after file and prints the id of each that is kept. */
  const KEEPER = `
    import { createHash, randomBytes } from "node:crypto";
    import { writeSync } from "node:fs";
    const [, , writerUrl, clockUrl, samplesUrl, dir] = process.argv;
    const { createQuarantineWriter } = await import(writerUrl);
    const { systemClock } = await import(clockUrl);
    const { KEY, STORY, sourceOf } = await import(samplesUrl);
    const writer = createQuarantineWriter({ clock: systemClock }, { dir, key: KEY, maxBytes: 1e9 });
    for (;;) {
      const kept = await writer.keep(sourceOf(randomBytes(150_000)), STORY);
      writeSync(1, kept.id + "\\n");
    }
  `;

  it("has every file that was kept, whole, and no half one", async () => {
    const modules = [
      "./create-quarantine-writer.ts",
      "../base/clock.ts",
      "./kept-files.test-data.ts",
    ];
    const urls = modules.map((module) => new URL(module, import.meta.url).href);
    const acknowledged: string[] = [];
    for (let round = 1; round <= 5; round += 1) {
      acknowledged.push(...(await killAtRandom(dir, KEEPER, urls, 3 * round)));
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(45);
    const folder = join(dir, "data");
    openWriter(1e9, folder);
    const reader = createQuarantineReader({ dir: folder, key: KEY });
    const ids = (await reader.list(1000)).map((item) => item.id);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    for (const id of ids) await wholeOf(await reader.download(id));
    expect(namesBelow(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(namesBelow(folder).filter((name) => name.endsWith("body.enc"))).toHaveLength(ids.length);
  });
});

describe("createQuarantineReader after kill -9", () => {
  /** Keeps files, deletes every second one, has the oldest make room, and prints what is done. */
  const DELETER = `
    import { randomBytes } from "node:crypto";
    import { writeSync } from "node:fs";
    const [, , writerUrl, readerUrl, clockUrl, samplesUrl, dir] = process.argv;
    const { createQuarantineWriter } = await import(writerUrl);
    const { createQuarantineReader } = await import(readerUrl);
    const { systemClock } = await import(clockUrl);
    const { KEY, STORY, sourceOf } = await import(samplesUrl);
    const writer = createQuarantineWriter({ clock: systemClock }, { dir, key: KEY, maxBytes: 1e9 });
    const reader = createQuarantineReader({ dir, key: KEY });
    const say = (what, id) => writeSync(1, what + " " + id + "\\n");
    for (let file = 0; ; file += 1) {
      const { id } = await writer.keep(sourceOf(randomBytes(70_000)), STORY);
      say("kept", id);
      if (file % 2 === 0) {
        await reader.delete(id);
        say("deleted", id);
      } else if (file % 5 === 0) {
        const goal = { maxBytes: 1e9, maxFiles: 1, minAgeMs: 0 };
        const { removed } = await reader.trim(Date.now() + 1, goal);
        for (const one of removed) say("removed", one.id);
      }
    }
  `;

  it("has removed what it said, and has what it did not remove, whole, and no half one", async () => {
    const modules = [
      "./create-quarantine-writer.ts",
      "./create-quarantine-reader.ts",
      "../base/clock.ts",
      "./kept-files.test-data.ts",
    ];
    const urls = modules.map((module) => new URL(module, import.meta.url).href);
    const said: string[] = [];
    for (let round = 1; round <= 8; round += 1) {
      said.push(...(await killAtRandom(dir, DELETER, urls, 4 * round + (round % 3))));
    }
    const idsOf = (what: string): readonly string[] =>
      said.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));
    expect(idsOf("kept").length).toBeGreaterThan(40);
    expect(idsOf("deleted").length).toBeGreaterThan(20);
    expect(idsOf("removed").length).toBeGreaterThan(5);
    const folder = join(dir, "data");
    openWriter(1e9, folder);
    const reader = createQuarantineReader({ dir: folder, key: KEY });
    const items = await reader.list(1000);
    const stateOf = new Map(items.map((item) => [item.id, item.state]));
    expect(idsOf("kept").filter((id) => !stateOf.has(id))).toEqual([]);
    expect(idsOf("deleted").filter((id) => stateOf.get(id) !== "deleted")).toEqual([]);
    expect(idsOf("removed").filter((id) => stateOf.get(id) !== "expired")).toEqual([]);
    const whole = items.filter(({ state }) => state === "quarantined");
    for (const { id } of whole) await wholeOf(await reader.download(id));
    const bodies = namesBelow(folder).filter((name) => name.endsWith("body.enc"));
    expect(bodies).toHaveLength(whole.length);
  });
});

describe("createQuarantineWriter on a small disk", () => {
  it.skipIf(!CAN_MOUNT)(
    "says that the disk is full, leaves nothing behind and goes on when there is space (needs root and tmpfs)",
    async () => {
      using disk = mountSmallDisk(2);
      const folder = disk?.dir ?? "";
      const writer = openWriter(1e9, folder);
      expect(await writer.keep(sourceOf(randomBytes(3_000_000)), STORY)).toMatchObject({
        kind: "not-kept",
        reason: "full",
        detail: expect.stringContaining("disk"),
      });
      expect(namesBelow(folder).filter((name) => name !== TODAY)).toEqual([]);
      const bytes = randomBytes(1_000_000);
      const id = idOf(await writer.keep(sourceOf(bytes), STORY));
      const reader = createQuarantineReader({ dir: folder, key: KEY });
      expect((await wholeOf(await reader.download(id))).length).toBeGreaterThan(bytes.length);
    },
  );
});

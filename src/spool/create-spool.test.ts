import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createUlid } from "../base/ulid.ts";
import { createSpool, type SpoolOptions } from "./create-spool.ts";
import { killAtRandom } from "./kill-at-random.test-data.ts";
import { CAN_MOUNT, mountSmallDisk, type SmallDisk } from "./small-disk.test-data.ts";
import type { HeldFile, IncomingFile, Spool, SpoolAdmission } from "./spool.ts";

const ALICE = "alice@example.com";
const clock = createManualClock();

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-spool-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(options: Partial<SpoolOptions> = {}): Spool {
  return createSpool(
    { clock },
    {
      dir,
      maxFileBytes: 10_000_000,
      totalBytes: 20_000_000,
      perOwnerBytes: 15_000_000,
      perOwnerFiles: 100,
      reserveBytes: 0,
      highWater: 1,
      ...options,
    },
  );
}

function admitted(spool: Spool, size: number, id = createUlid(clock.now()), owner = ALICE) {
  return taken(spool.admit({ id, size, owner }));
}

function taken(admission: SpoolAdmission): IncomingFile {
  if (admission.kind === "refused") throw new Error(`refused: ${admission.reason}`);
  return admission.file;
}

function refusal(spool: Spool, size: number, owner = ALICE): string | undefined {
  const admission = spool.admit({ id: createUlid(clock.now()), size, owner });
  return admission.kind === "refused" ? admission.reason : undefined;
}

function received(spool: Spool, bytes: Buffer, id?: string): HeldFile {
  const file = admitted(spool, bytes.length, id);
  file.write(bytes);
  return file.complete({ name: "report.pdf" });
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes into the file that is there, as another program would. */
function overwrite(path: string, text: string): void {
  writeFileSync(path, text, { flag: "r+" });
}

/** Everything in the file, read in pieces of an odd length. */
function contentOf(file: HeldFile): Buffer {
  const pieces: Buffer[] = [];
  for (let position = 0; ;) {
    const buffer = Buffer.alloc(9973);
    const count = file.read(buffer, position);
    if (count === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, count));
    position += count;
  }
}

/** Every name below the folder that is no folder. */
function names(): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted();
}

describe("createSpool", () => {
  it("gives back exactly the bytes that came, with their SHA-256, whatever the pieces were", () => {
    const bytes = randomBytes(300_001);
    const file = admitted(open(), bytes.length);
    for (let at = 0; at < bytes.length; at += 70_000) file.write(bytes.subarray(at, at + 70_000));
    file.write(Buffer.alloc(0));
    expect(file.receivedBytes).toBe(bytes.length);
    const held = file.complete({});
    expect(held.sha256).toBe(sha256(bytes));
    expect(held.sha1).toBe(createHash("sha1").update(bytes).digest("hex"));
    expect(contentOf(held).equals(bytes)).toBe(true);
    expect(open().recover()[0]?.file).toMatchObject({ sha256: held.sha256, sha1: held.sha1 });
  });

  it("keeps files apart that come in at the same time", () => {
    const spool = open();
    const files = Array.from({ length: 20 }, () => {
      const bytes = randomBytes(30_000);
      return { bytes, file: admitted(spool, bytes.length) };
    });
    for (let at = 0; at < 30_000; at += 7000) {
      for (const { bytes, file } of files) file.write(bytes.subarray(at, at + 7000));
    }
    for (const { bytes, file } of files) {
      const held = file.complete({});
      expect(held.sha256).toBe(sha256(bytes));
      expect(contentOf(held).equals(bytes)).toBe(true);
    }
  });

  it("takes an empty file", () => {
    const held = received(open(), Buffer.alloc(0));
    expect(held.sha256).toBe(sha256(Buffer.alloc(0)));
    expect(held.read(Buffer.alloc(10), 0)).toBe(0);
  });

  it("keeps files from other accounts, whoever made the folder", () => {
    rmSync(dir, { recursive: true });
    mkdirSync(join(dir, "held"), { recursive: true, mode: 0o777 });
    const spool = open();
    received(spool, Buffer.from("x"));
    admitted(spool, 5);
    for (const folder of ["", "incoming", "held", "releasing"]) {
      expect(statSync(join(dir, folder)).mode & 0o777).toBe(0o700);
    }
    expect(names()).toHaveLength(3);
    for (const name of names()) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  });

  it("moves a file by rename from state to state until nothing is left of it", () => {
    const spool = open();
    const id = createUlid(clock.now());
    const file = admitted(spool, 3, id);
    expect(names()).toEqual([`incoming/${id}.part`]);
    file.write(Buffer.from("abc"));
    const held = file.complete({});
    expect(names()).toEqual([`held/${id}`, `held/${id}.json`]);
    held.releasing();
    expect(names()).toEqual([`held/${id}.json`, `releasing/${id}`]);
    expect(contentOf(held).toString()).toBe("abc");
    held.remove();
    held.remove();
    expect(names()).toEqual([]);
    expect(spool.reservedBytes).toBe(0);
    expect(() => held.read(Buffer.alloc(3), 0)).toThrow(/removed/);
    expect(() => held.releasing()).toThrow(/removed/);
  });

  it("refuses more than was announced, and keeps none of it", () => {
    const file = admitted(open(), 3);
    file.write(Buffer.from("ab"));
    expect(() => file.write(Buffer.from("cd"))).toThrow(
      expect.objectContaining({ code: "SPOOL_OVERRUN" }),
    );
    expect(() => file.write(Buffer.from("c"))).toThrow(/takes nothing more/);
    expect(() => file.complete({})).toThrow(/takes nothing more/);
    file.discard();
    expect(names()).toEqual([]);
  });

  it("refuses to complete a file of which bytes are missing", () => {
    const file = admitted(open(), 3);
    file.write(Buffer.from("ab"));
    expect(() => file.complete({})).toThrow(expect.objectContaining({ code: "SPOOL_SHORT" }));
    expect(names()).toHaveLength(1);
    file.discard();
    expect(names()).toEqual([]);
  });

  it("leaves a complete file alone when the writer of it discards late", () => {
    const file = admitted(open(), 1);
    file.write(Buffer.from("a"));
    const held = file.complete({});
    file.discard();
    expect(contentOf(held).toString()).toBe("a");
    expect(() => file.write(Buffer.alloc(0))).toThrow(/takes nothing more/);
  });

  it("reads the file that it wrote, though another is put in its place or bytes are appended", () => {
    const held = received(open(), Buffer.from("harmless"));
    const path = join(dir, "held", held.id);
    writeFileSync(path, " and more", { flag: "a" });
    expect(contentOf(held).toString()).toBe("harmless");
    writeFileSync(`${path}.new`, "infected");
    renameSync(`${path}.new`, path);
    expect(contentOf(held).toString()).toBe("harmless");
  });

  it.each([
    ["overwritten", (path: string) => overwrite(path, "infected")],
    ["overwritten in part", (path: string) => overwrite(path, "i")],
    ["cut", (path: string) => truncateSync(path, 3)],
  ])("gives out nothing of a complete file that was %s", (_, tamper) => {
    const held = received(open(), Buffer.from("harmless"));
    tamper(join(dir, "held", held.id));
    const changed: unknown = expect.objectContaining({ code: "SPOOL_CHANGED" });
    expect(() => held.read(Buffer.alloc(2), 6)).toThrow(changed);
    expect(() => held.releasing()).toThrow(changed);
  });

  it("gives out what was received when something else stood there for a while", () => {
    const held = received(open(), Buffer.from("infected"));
    const path = join(dir, "held", held.id);
    const { atime, mtime } = statSync(path);
    overwrite(path, "harmless");
    // Whoever reads now gets neither: a scan of it would say nothing about what is delivered.
    expect(() => held.read(Buffer.alloc(8), 0)).toThrow(/was changed in the spool/);
    overwrite(path, "infected");
    utimesSync(path, atime, mtime);
    expect(contentOf(held).toString()).toBe("infected");
    held.releasing();
    expect(contentOf(held).toString()).toBe("infected");
  });

  it("does not mind another name or another mode of the file", () => {
    const held = received(open(), Buffer.from("harmless"));
    const path = join(dir, "held", held.id);
    linkSync(path, join(dir, "backup"));
    expect(contentOf(held).toString()).toBe("harmless");
    chmodSync(path, 0o400);
    held.releasing();
    expect(contentOf(held).toString()).toBe("harmless");
  });

  it("takes nothing more of a file to which somebody else wrote while it came in", () => {
    const id = createUlid(clock.now());
    const file = admitted(open(), 8, id);
    const path = join(dir, "incoming", `${id}.part`);
    file.write(Buffer.from("infe"));
    overwrite(path, "harm");
    const changed: unknown = expect.objectContaining({ code: "SPOOL_CHANGED" });
    expect(() => file.write(Buffer.from("cted"))).toThrow(changed);
    const other = createUlid(clock.now() + 1);
    const second = admitted(open(), 4, other);
    second.write(Buffer.from("infe"));
    overwrite(join(dir, "incoming", `${other}.part`), "harm");
    expect(() => second.complete({})).toThrow(changed);
  });

  it("says so when the folder cannot be made", () => {
    writeFileSync(join(dir, "file"), "");
    expect(() => open({ dir: join(dir, "file", "spool") })).toThrow(
      expect.objectContaining({ code: "SPOOL_FAILED" }),
    );
  });

  it("does not follow a link planted in place of one of its folders", () => {
    mkdirSync(join(dir, "elsewhere"));
    symlinkSync(join(dir, "elsewhere"), join(dir, "held"));
    expect(() => open()).toThrow(expect.objectContaining({ code: "SPOOL_FAILED" }));
  });
});

describe("createSpool's admission", () => {
  it("counts what was announced, not what has come", () => {
    const spool = open({ totalBytes: 100, perOwnerBytes: 60 });
    const file = admitted(spool, 60);
    expect(spool.reservedBytes).toBe(60);
    expect(refusal(spool, 1)).toBe("quota");
    expect(refusal(spool, 41, "bob@example.com")).toBe("spool-full");
    expect(refusal(spool, 40, "bob@example.com")).toBeUndefined();
    file.discard();
    file.discard();
    expect(spool.reservedBytes).toBe(40);
    expect(refusal(spool, 60)).toBeUndefined();
  });

  it("counts the files of each sender, empty ones too, until they are gone", () => {
    const spool = open({ perOwnerFiles: 2 });
    const file = admitted(spool, 0);
    const held = received(spool, Buffer.alloc(0));
    expect(refusal(spool, 0)).toBe("quota");
    expect(refusal(spool, 0, "bob@example.com")).toBeUndefined();
    held.remove();
    file.discard();
    expect(refusal(spool, 0)).toBeUndefined();
  });

  it("holds the room until a complete file is removed", () => {
    const spool = open({ perOwnerBytes: 5 });
    const held = received(spool, Buffer.from("abcde"));
    expect(refusal(spool, 1)).toBe("quota");
    held.remove();
    expect(refusal(spool, 5)).toBeUndefined();
  });

  it.each([101, Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 60])(
    "refuses %d bytes where a file may have 100",
    (size) => {
      const spool = open({ maxFileBytes: 100 });
      expect(refusal(spool, size)).toBe("too-large");
      expect(spool.reservedBytes).toBe(0);
    },
  );

  it.each(["", "../../etc/cron.d/x", "a/b", "\0", "01ARYZ6S41TSV4RRFFQ69G5FA.", "x".repeat(26)])(
    "makes no file of the name %j",
    (id) => {
      const spool = open();
      expect(spool.admit({ id, size: 1, owner: ALICE })).toMatchObject({ reason: "failed" });
      expect(names()).toEqual([]);
      expect(spool.reservedBytes).toBe(0);
    },
  );

  it("never takes a name twice, in whatever state the first file is", () => {
    const spool = open();
    const id = createUlid(clock.now());
    const again = () => spool.admit({ id, size: 1, owner: ALICE });
    const file = admitted(spool, 1, id);
    expect(again()).toMatchObject({ reason: "failed" });
    file.write(Buffer.from("a"));
    const held = file.complete({});
    expect(again()).toMatchObject({ reason: "failed" });
    held.releasing();
    expect(again()).toMatchObject({ reason: "failed" });
    expect(contentOf(held).toString()).toBe("a");
    expect(spool.reservedBytes).toBe(1);
  });

  it("does not write through a link planted under the name", () => {
    const id = createUlid(clock.now());
    const target = join(dir, "target");
    const spool = open();
    symlinkSync(target, join(dir, "incoming", `${id}.part`));
    expect(spool.admit({ id, size: 1, owner: ALICE })).toMatchObject({ reason: "failed" });
    expect(existsSync(target)).toBe(false);
  });

  it("refuses when the reserve of the disk would be touched", () => {
    expect(refusal(open({ reserveBytes: 2 ** 52 }), 1)).toBe("no-space");
  });

  it("frees the room although the file cannot be removed", () => {
    const spool = open();
    const file = admitted(spool, 5);
    rmSync(dir, { recursive: true });
    file.discard();
    expect(spool.reservedBytes).toBe(0);
  });

  it("refuses when the folder is gone", () => {
    const spool = open();
    rmSync(dir, { recursive: true });
    expect(refusal(spool, 1)).toBe("failed");
    expect(spool.reservedBytes).toBe(0);
  });
});

describe("createSpool's recovery", () => {
  it("deletes what was incomplete and gives back what was complete, with its story and state", () => {
    const before = open();
    admitted(before, 5).write(Buffer.from("abc"));
    const held = received(before, Buffer.from("held bytes"));
    clock.advance(1);
    const released = received(before, Buffer.from("released bytes"));
    released.releasing();

    const spool = open();
    const files = spool.recover();
    expect(files.map(({ file, state, story }) => [file.id, state, story])).toEqual([
      [held.id, "held", { name: "report.pdf" }],
      [released.id, "releasing", { name: "report.pdf" }],
    ]);
    expect(files.map(({ file }) => contentOf(file).toString())).toEqual([
      "held bytes",
      "released bytes",
    ]);
    expect(files.map(({ file }) => file.sha256)).toEqual([held.sha256, released.sha256]);
    expect(readdirSync(join(dir, "incoming"))).toEqual([]);
    expect(spool.reservedBytes).toBe("held bytes".length + "released bytes".length);
    for (const { file } of files) file.remove();
    expect(names()).toEqual([]);
    expect(spool.reservedBytes).toBe(0);
  });

  it("counts recovered files against their owner", () => {
    received(open(), Buffer.from("abcde"));
    const spool = open({ perOwnerBytes: 6 });
    spool.recover();
    expect(refusal(spool, 2)).toBe("quota");
    expect(refusal(spool, 2, "bob@example.com")).toBeUndefined();
  });

  it("hashes what is on the disk now", () => {
    const held = received(open(), Buffer.from("as received"));
    writeFileSync(join(dir, "held", held.id), "as changed!");
    const [found] = open().recover();
    expect(found?.file.sha256).toBe(sha256(Buffer.from("as changed!")));
  });

  it.each([
    ["missing", undefined],
    ["cut", '{"schema":1,"own'],
    ["of another version", '{"schema":2,"owner":"a","story":{}}'],
    ["no object", "null"],
    ["without a story", '{"schema":1,"owner":"a","story":[]}'],
    ["endless", " ".repeat(2_000_000)],
  ])("gives back a file whose story is %s", (_, text) => {
    const held = received(open(), Buffer.from("abc"));
    const story = join(dir, "held", `${held.id}.json`);
    rmSync(story);
    if (text !== undefined) writeFileSync(story, text);
    const spool = open();
    const [found] = spool.recover();
    expect(found).toMatchObject({ story: {}, state: "held", file: { id: held.id, size: 3 } });
    expect(spool.reservedBytes).toBe(3);
    found?.file.remove();
    expect(names()).toEqual([]);
  });

  it("hashes nothing before somebody asks: gigabytes would hold up the files of others", () => {
    const held = received(open(), Buffer.from("abc"));
    const bytes = 16 * 1024 ** 3;
    truncateSync(join(dir, "held", held.id), bytes);
    const startedAt = performance.now();
    const [found] = open().recover();
    // To read all of it would take many seconds on any machine.
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(found?.file.size).toBe(bytes);
    found?.file.remove();
    expect(found?.file.sha256).toBe("");
  });

  it("does not read a story through a link", () => {
    const held = received(open(), Buffer.from("abc"));
    const story = join(dir, "held", `${held.id}.json`);
    renameSync(story, join(dir, "moved.json"));
    symlinkSync(join(dir, "moved.json"), story);
    expect(open().recover()[0]?.story).toEqual({});
  });

  it("clears up after a crash between any two steps of completing and removing", () => {
    const spool = open();
    const [story, temporary] = [createUlid(clock.now()), createUlid(clock.now())];
    writeFileSync(join(dir, "held", `${story}.json`), "{}");
    writeFileSync(join(dir, "held", `${temporary}.json.tmp`), "{");
    expect(spool.recover()).toEqual([]);
    expect(names()).toEqual([]);
  });

  it("touches nothing that is not its own", () => {
    const spool = open();
    const id = createUlid(clock.now());
    mkdirSync(join(dir, "held", id));
    symlinkSync("/etc/passwd", join(dir, "releasing", id));
    const makePipe = "mkfifo";
    execFileSync(makePipe, [join(dir, "releasing", createUlid(clock.now() + 1))]);
    for (const name of ["incoming/readme", "held/notes.json", "releasing/.nfs01", "held/x.tmp"]) {
      writeFileSync(join(dir, name), "theirs");
    }
    const before = names();
    expect(spool.recover()).toEqual([]);
    expect(names()).toEqual(before);
    expect(existsSync(join(dir, "held", id))).toBe(true);
  });

  it("refuses to start on folders that it cannot read", () => {
    const spool = open();
    rmSync(join(dir, "held"), { recursive: true });
    expect(() => spool.recover()).toThrow(expect.objectContaining({ code: "SPOOL_FAILED" }));
  });
});

describe("createSpool after kill -9", () => {
  /** Takes file after file and prints the id and the SHA-256 of each that is complete. */
  const RECEIVER = `
    import { randomBytes } from "node:crypto";
    import { writeSync } from "node:fs";
    const [, , spoolUrl, clockUrl, ulidUrl, dir] = process.argv;
    const { createSpool } = await import(spoolUrl);
    const { systemClock } = await import(clockUrl);
    const { createUlid } = await import(ulidUrl);
    const room = { totalBytes: 1e9, perOwnerBytes: 1e9, perOwnerFiles: 1e9 };
    const limits = { maxFileBytes: 1e6, ...room, reserveBytes: 0, highWater: 1 };
    const spool = createSpool({ clock: systemClock }, { dir, ...limits });
    for (;;) {
      const id = createUlid(systemClock.now());
      const { file } = spool.admit({ id, size: 100_000, owner: "alice@example.com" });
      file.write(randomBytes(60_000));
      file.write(randomBytes(40_000));
      const held = file.complete({ name: id });
      writeSync(1, id + " " + held.sha256 + "\\n");
    }
  `;

  it("has every file that was complete, whole and with its story, and no half one", async () => {
    const modules = ["./create-spool.ts", "../base/clock.ts", "../base/ulid.ts"];
    const urls = modules.map((module) => new URL(module, import.meta.url).href);
    const acknowledged: string[] = [];
    for (let round = 1; round <= 5; round += 1) {
      acknowledged.push(...(await killAtRandom(dir, RECEIVER, urls, 3 * round)));
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(45);
    const found = open({ dir: join(dir, "data") }).recover();
    const lines = found.map(({ file }) => `${file.id} ${file.sha256}`);
    expect(acknowledged.filter((line) => !lines.includes(line))).toEqual([]);
    expect(found.filter(({ file }) => file.size !== 100_000)).toEqual([]);
    expect(found.filter(({ file, story }) => story["name"] !== file.id)).toEqual([]);
    expect(readdirSync(join(dir, "data", "incoming"))).toEqual([]);
    for (const { file } of found) file.remove();
  });
});

describe("createSpool on a small disk", () => {
  const MEGABYTE = 1024 * 1024;

  /** Two megabytes. */
  function smallDisk(): SmallDisk {
    const disk = mountSmallDisk(2);
    if (disk === undefined) throw new Error("cannot mount");
    return disk;
  }

  it.skipIf(!CAN_MOUNT)(
    "refuses what does not fit beside what was promised (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      const spool = open({ dir: disk.dir, reserveBytes: 500_000 });
      const file = admitted(spool, MEGABYTE);
      expect(refusal(spool, MEGABYTE)).toBe("no-space");
      // What has been written is no longer free, and is not counted a second time.
      file.write(Buffer.alloc(MEGABYTE));
      expect(refusal(spool, 400_000)).toBeUndefined();
      file.discard();
    },
  );

  it.skipIf(!CAN_MOUNT)(
    "does not count recovered files as room still to be filled (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      received(open({ dir: disk.dir }), Buffer.alloc(MEGABYTE));
      const spool = open({ dir: disk.dir });
      spool.recover();
      expect(refusal(spool, 700_000)).toBeUndefined();
    },
  );

  it.skipIf(!CAN_MOUNT)(
    "says that the disk is full, leaves nothing behind and goes on when there is space (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      const spool = open({ dir: disk.dir });
      const file = admitted(spool, 1_900_000);
      writeFileSync(join(disk.dir, "others"), Buffer.alloc(MEGABYTE));
      expect(() => file.write(Buffer.alloc(1_900_000))).toThrow(
        expect.objectContaining({ code: "SPOOL_FULL" }),
      );
      expect(() => file.complete({})).toThrow(expect.objectContaining({ code: "SPOOL_FAILED" }));
      file.discard();
      expect(readdirSync(join(disk.dir, "incoming"))).toEqual([]);
      expect(spool.reservedBytes).toBe(0);
      const next = received(spool, randomBytes(500_000));
      expect(contentOf(next)).toHaveLength(500_000);
    },
  );

  it.skipIf(!CAN_MOUNT)(
    "takes nothing above the high-water mark of the disk (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      const spool = open({ dir: disk.dir, highWater: 0.75 });
      expect(refusal(spool, 1_600_000)).toBe("no-space");
      const file = admitted(spool, 1_000_000);
      expect(refusal(spool, 600_000)).toBe("no-space");
      file.discard();
    },
  );

  it.skipIf(!CAN_MOUNT)(
    "stops a file that it had room for when others fill the disk up to the mark (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      const spool = open({ dir: disk.dir, reserveBytes: 500_000 });
      const file = admitted(spool, 1_500_000);
      file.write(Buffer.alloc(400_000));
      writeFileSync(join(disk.dir, "others"), Buffer.alloc(500_000));
      // There would be space for it, but less than the reserve would be left.
      expect(() => file.write(Buffer.alloc(700_000))).toThrow(
        expect.objectContaining({ code: "SPOOL_FULL" }),
      );
      file.discard();
      expect(readdirSync(join(disk.dir, "incoming"))).toEqual([]);
      rmSync(join(disk.dir, "others"));
      expect(received(spool, Buffer.alloc(1_200_000)).size).toBe(1_200_000);
    },
  );

  it.skipIf(!CAN_MOUNT)(
    "does not hand over a file whose story found no space (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      const spool = open({ dir: disk.dir });
      const file = admitted(spool, MEGABYTE);
      file.write(Buffer.alloc(MEGABYTE));
      fill(join(disk.dir, "others"));
      expect(() => file.complete({})).toThrow(expect.objectContaining({ code: "SPOOL_FULL" }));
      file.discard();
      expect(readdirSync(join(disk.dir, "incoming"))).toEqual([]);
      expect(readdirSync(join(disk.dir, "held"))).toEqual([]);
    },
  );

  it.skipIf(!CAN_MOUNT)(
    "refuses when the disk has become read-only, and can be asked what is there (needs root and tmpfs)",
    () => {
      using disk = smallDisk();
      const spool = open({ dir: disk.dir });
      disk.freeze();
      expect(refusal(spool, 3)).toBe("failed");
      expect(spool.reservedBytes).toBe(0);
      expect(spool.recover()).toEqual([]);
    },
  );

  function fill(path: string): void {
    for (const size of [65_536, 4096, 1]) {
      try {
        for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
      } catch {
        // Full for pieces of this size.
      }
    }
  }
});

describe("SpoolFailed", () => {
  it("names the file and what the system said", () => {
    const file = admitted(open(), 3);
    file.write(Buffer.from("abc"));
    rmSync(join(dir, "held"), { recursive: true });
    expect(() => file.complete({})).toThrow(/^completing [0-9A-Z]{26}: ENOENT/);
    expect(readFileSync(join(dir, names()[0] ?? "")).toString()).toBe("abc");
  });
});

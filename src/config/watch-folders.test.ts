import { mkdirSync, renameSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { writeTemporaryFiles, type TemporaryFiles } from "./temporary-files.test-data.ts";
import { createFolderWatch, type OpenFolder } from "./watch-folders.ts";

function rig(files: TemporaryFiles) {
  const clock = createManualClock();
  const open = new Map<string, { tell: (name: string | null) => void; fail: (e: Error) => void }>();
  const troubles: string[] = [];
  let changes = 0;
  const openFolder: OpenFolder = (folder, tell, fail) => {
    open.set(folder, { tell, fail });
    return { [Symbol.dispose]: () => void open.delete(folder) };
  };
  const watch = createFolderWatch({
    clock,
    open: openFolder,
    onChange: () => (changes += 1),
    onTrouble: (folder, error) => troubles.push(`${folder}: ${error.message}`),
  });
  return {
    clock,
    watch,
    open,
    troubles,
    changes: () => changes,
    tell: (name: string | null) => open.get(files.dir)?.tell(name),
  };
}

const rules = (folder: string) => ({ folder, rules: true, names: ["bad.txt"] });

describe("createFolderWatch", () => {
  it("waits until a file has come to rest, but not for ever", () => {
    using files = writeTemporaryFiles({ "a.yaml": "" });
    const { clock, watch, tell, changes } = rig(files);
    watch.set([rules(files.dir)]);
    tell("a.yaml");
    clock.advance(150);
    tell("a.yaml");
    clock.advance(199);
    expect(changes()).toBe(0);
    clock.advance(1);
    expect(changes()).toBe(1);
    for (let ms = 0; ms < 2000; ms += 100) {
      tell("a.yaml");
      clock.advance(100);
    }
    expect(changes()).toBe(2);
    watch[Symbol.dispose]();
    clock.advance(10_000);
    expect(changes()).toBe(2);
  });

  it("hears what may be rules, and of other files those that it was told of", () => {
    using files = writeTemporaryFiles({ "a.yaml": "" });
    const { clock, watch, tell, changes } = rig(files);
    watch.set([rules(files.dir)]);
    for (const name of ["events.ndjson", "notes.txt", ".a.yaml.swp", "worse.txt"]) tell(name);
    clock.advance(1000);
    expect(changes()).toBe(0);
    let heard = 0;
    for (const name of ["new.yaml", "packs", "..data", "bad.txt", null]) {
      tell(name);
      clock.advance(1000);
      heard += 1;
      expect([name, changes()]).toEqual([name, heard]);
    }
  });

  it("watches a folder again that another one has replaced, or that comes back", () => {
    using files = writeTemporaryFiles({ "r/a.yaml": "" });
    const { clock, watch, open, changes } = rig(files);
    const folder = files.path("r");
    watch.set([rules(folder)]);
    const first = open.get(folder);
    renameSync(folder, files.path("old"));
    watch.set([rules(folder)]);
    expect(open.has(folder)).toBe(false);
    mkdirSync(folder);
    clock.advance(10_000);
    expect(open.get(folder)).not.toBe(first);
    clock.advance(200);
    expect(changes()).toBe(1);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const second = open.get(folder);
    watch.set([rules(folder)]);
    expect(open.get(folder)).not.toBe(second);
    watch.set([]);
    expect(open.size).toBe(0);
  });

  it("says once that a folder cannot be watched, however often it tries", () => {
    using files = writeTemporaryFiles({ "a.yaml": "" });
    const clock = createManualClock();
    const troubles: string[] = [];
    let tries = 0;
    const watch = createFolderWatch({
      clock,
      open: () => {
        tries += 1;
        throw new Error("no more watches");
      },
      onChange: () => undefined,
      onTrouble: (_, error) => troubles.push(error.message),
    });
    watch.set([rules(files.dir)]);
    clock.advance(60_000);
    expect(tries).toBe(7);
    expect(troubles).toEqual(["no more watches"]);
    watch[Symbol.dispose]();
    expect(clock.scheduledCalls).toBe(0);
  });

  it("says what it cannot watch and tries again", () => {
    using files = writeTemporaryFiles({ "a.yaml": "" });
    const { clock, watch, open, troubles, changes } = rig(files);
    watch.set([rules(files.dir)]);
    open.get(files.dir)?.fail(new Error("too many watches"));
    expect(troubles).toEqual([`${files.dir}: too many watches`]);
    expect(open.size).toBe(0);
    clock.advance(10_200);
    expect(open.size).toBe(1);
    expect(changes()).toBe(1);
  });
});

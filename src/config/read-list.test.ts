import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lookUpIn } from "../policy/list-feed.ts";
import type { ListFile, ListVersion } from "./list-file.ts";
import { listProblemText, readList, type ListReading } from "./read-list.ts";
import { writeTemporaryFiles, type TemporaryFiles } from "./temporary-files.test-data.ts";

const TEN = Array.from({ length: 10 }, (_, index) => `host-${index}.example\n`).join("");

function listIn(files: TemporaryFiles, more: Partial<ListFile> = {}): ListFile {
  return {
    key: "k",
    ruleFile: "r.yaml",
    section: "lists",
    name: "bad",
    type: "domain",
    path: files.path("l.txt"),
    format: "lines",
    onMissing: "fail",
    watched: true,
    allowShrink: false,
    ...more,
  };
}

function versionOf(reading: ListReading): ListVersion {
  if (reading.kind === "failed") throw new Error(reading.problems[0]?.message);
  return reading.version;
}

function holds(reading: ListReading, value: string): boolean {
  return lookUpIn({ current: versionOf(reading).entries }, true)(value);
}

describe("readList", () => {
  it("reads a file that it knows only when it has changed", () => {
    using files = writeTemporaryFiles({ "l.txt": TEN });
    const first = readList(listIn(files), {});
    expect(first.kind).toBe("new");
    const known = versionOf(first);
    const again = readList(listIn(files), { known });
    expect(again).toEqual({ kind: "same", version: known });
    writeFileSync(files.path("l.txt"), TEN);
    const touched = readList(listIn(files), { known });
    expect(touched.kind).toBe("same");
    writeFileSync(files.path("l.txt"), `${TEN}new.example\n`);
    const changed = readList(listIn(files), { known });
    expect(changed.kind).toBe("new");
    expect(holds(changed, "a.new.example")).toBe(true);
  });

  it("does not believe a file that has lost more than half of its entries", () => {
    using files = writeTemporaryFiles({ "l.txt": TEN });
    const known = versionOf(readList(listIn(files), {}));
    writeFileSync(files.path("l.txt"), "host-1.example\n".repeat(20));
    const shrunk = readList(listIn(files), { known });
    expect(shrunk.kind).toBe("kept");
    expect(holds(shrunk, "host-9.example")).toBe(true);
    expect(shrunk.kind === "kept" && shrunk.problem.message).toBe(
      "has 1 entries, less than half of the 10 in force, which stay",
    );
    expect(readList(listIn(files, { allowShrink: true }), { known }).kind).toBe("new");
    expect(readList(listIn(files), { known, allowShrink: true }).kind).toBe("new");
    writeFileSync(files.path("l.txt"), TEN.split("\n").slice(0, 5).join("\n"));
    expect(readList(listIn(files), { known }).kind).toBe("new");
  });

  it("treats a missing file as the list says", () => {
    using files = writeTemporaryFiles({ "l.txt": TEN });
    const known = versionOf(readList(listIn(files), {}));
    rmSync(files.path("l.txt"));
    expect(readList(listIn(files), { known }).kind).toBe("failed");
    const empty = readList(listIn(files, { onMissing: "empty" }), { known });
    expect(empty.kind).toBe("new");
    expect(holds(empty, "host-1.example")).toBe(false);
    const kept = readList(listIn(files, { onMissing: "last-good" }), { known });
    expect(kept.kind).toBe("kept");
    expect(holds(kept, "host-1.example")).toBe(true);
  });

  it("finds the last good file again after a restart", () => {
    using files = writeTemporaryFiles({ "l.txt": TEN });
    const list = listIn(files, { onMissing: "last-good" });
    const copies = files.path("data/lists");
    readList(list, { copies });
    rmSync(files.path("l.txt"));
    const kept = readList(list, { copies });
    expect(kept.kind).toBe("kept");
    expect(holds(kept, "www.host-1.example")).toBe(true);
    writeFileSync(files.path("l.txt"), `${TEN}new.example\n`);
    const back = readList(list, { copies, known: versionOf(kept) });
    expect(back.kind).toBe("new");
    expect(readList(list, {}).kind).toBe("new");
  });

  it("keeps what it knows when the file is damaged", () => {
    using files = writeTemporaryFiles({ "l.txt": TEN });
    const list = listIn(files, { onMissing: "empty" });
    const known = versionOf(readList(list, {}));
    writeFileSync(files.path("l.txt"), `${TEN}co.uk\n`);
    const damaged = readList(list, { known });
    expect(damaged.kind === "failed" && listProblemText(list, damaged.problems[0]!)).toMatch(
      /l\.txt:11:1: "co\.uk" is a public suffix/,
    );
  });
});

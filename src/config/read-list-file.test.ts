import { symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createListTableReader, type ListTableReader } from "../policy/list-table.ts";
import type { ListType } from "../policy/condition.ts";
import { readListFile } from "./read-list-file.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

function read(content: string | Uint8Array, type: ListType = "domain", format = "lines") {
  using files = writeTemporaryFiles({ "l.txt": content });
  return readListFile({ path: files.path("l.txt"), type, format });
}

function tableOf(...given: Parameters<typeof read>): ListTableReader {
  const list = read(...given);
  if (!list.ok || list.value.entries.kind !== "table") throw new Error("no table");
  return createListTableReader(list.value.entries.table);
}

function problemsOf(...given: Parameters<typeof read>): readonly string[] {
  const list = read(...given);
  if (list.ok) return [];
  return list.problem.problems.map(({ line, message }) => `${line ?? "file"}: ${message}`);
}

describe("readListFile", () => {
  it("reads names in any writing: case, dots at either end, other scripts, blanks, DOS lines, a mark", () => {
    const { hasDomain } = tableOf(
      "\uFEFFfirst.example\r\n# none.example\r\n\tUPPER.Example \r\n.dotted.example\r\nends.example.\r\n" +
        "münchen.example\r\nｗｉｄｅ.example\r\nxn--bcher-kva.example\r\n\r\nlast.example",
    );
    for (const name of [
      "first.example",
      "upper.example",
      "www.dotted.example",
      "ends.example",
      "xn--mnchen-3ya.example",
      "wide.example",
      "xn--bcher-kva.example",
      "a.last.example",
    ]) {
      expect([name, hasDomain(name)]).toEqual([name, true]);
    }
    expect(hasDomain("none.example")).toBe(false);
    expect(hasDomain("example")).toBe(false);
  });

  it("reads a list as it reads the same entries in a rule file, by the quick way and by the slow one", () => {
    const name = (index: number) => `${index % 3 === 0 ? "Ü" : "U"}-${index}.Bad.example`;
    const names = Array.from({ length: 9_000 }, (_, index) => name(index));
    const { hasDomain } = tableOf(names.join("\n"));
    expect(hasDomain("a.u-1.bad.example")).toBe(true);
    expect(hasDomain(new URL("http://ü-3.bad.example").hostname)).toBe(true);
    expect(hasDomain("u-3.bad.example")).toBe(false);
    expect(hasDomain("u-8997.bad.example")).toBe(false);
    expect(hasDomain("u-8999.bad.example")).toBe(true);
  });

  it("compares extensions without dot and case, and addresses without scheme", () => {
    expect(tableOf(".EXE\nscr\n", "extension").has("exe")).toBe(true);
    expect(tableOf("sip:Alice@Corp.example\n", "aor").has("alice@corp.example")).toBe(true);
    expect(tableOf("Ｗｉｄｅ words\n", "string").has("wide words")).toBe(true);
  });

  it("keeps phrases as they are, each once", () => {
    const list = read("b  c\na\nb  c\n", "phrase");
    expect(list.ok && list.value.entries).toEqual({ kind: "items", items: ["b  c", "a"] });
  });

  it("names the line of what cannot be meant, and counts what it does not show", () => {
    expect(problemsOf("a.example\nco.uk\ncom.\n*.b.example\n")).toEqual([
      '2: "co.uk" is a public suffix: it would match everybody under it',
      '3: "com" is a public suffix: it would match everybody under it',
      '4: "*.b.example" is no domain name',
    ]);
    expect(problemsOf("no good\n".repeat(30)).slice(-2)).toEqual([
      '20: "no good" is no domain name',
      "file: and 10 more entries that cannot be meant",
    ]);
    expect(problemsOf("sip:alice\n", "aor")).toEqual(['1: "sip:alice" is no aor']);
    expect(problemsOf("http:\nhttp\n", "prefix")).toEqual(['2: "http" is not a link prefix']);
  });

  it("refuses what is no text at once", () => {
    expect(problemsOf(Buffer.alloc(300_000, 0xff))).toEqual([
      "file: has a line of more than 256 KiB",
    ]);
    expect(problemsOf(Buffer.from("a.example\nb\xfc.example\n", "latin1"))).toEqual([
      "2: not UTF-8 text",
    ]);
    expect(problemsOf(`a.example\nb\0.example\n${"\0\n".repeat(1000)}`)).toEqual([
      "2: a NUL character",
    ]);
    expect(problemsOf(`${"a".repeat(1001)}\n`, "string")).toEqual([
      "1: an entry of more than 1000 bytes",
    ]);
  });

  it("reads names that lie across its pieces", () => {
    const names = Array.from({ length: 40_000 }, (_, index) => `host-${index}.bad.example`);
    const { hasDomain } = tableOf(names.join("\r\n"));
    expect(names.filter((name) => !hasDomain(name))).toEqual([]);
  });

  it("says of a missing file that it is missing, and follows links", () => {
    using files = writeTemporaryFiles({ "real.txt": "a.example\n" });
    const at = (name: string) =>
      readListFile({ path: files.path(name), type: "domain", format: "lines" });
    symlinkSync("real.txt", files.path("link.txt"));
    symlinkSync("nowhere.txt", files.path("dangling.txt"));
    expect(at("link.txt").ok).toBe(true);
    const dangling = at("dangling.txt");
    expect(!dangling.ok && dangling.problem.isMissing).toBe(true);
    const folder = readListFile({ path: files.dir, type: "domain", format: "lines" });
    expect(!folder.ok && folder.problem.isMissing).toBe(false);
  });
});

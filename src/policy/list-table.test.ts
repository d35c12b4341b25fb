import { assert, property, string, uniqueArray } from "fast-check";
import { describe, expect, it } from "vitest";
import { ListTableBuilder } from "./list-table-builder.ts";
import { createListTableReader, type ListTable } from "./list-table.ts";

function tableOf(...entries: readonly string[]): ListTable {
  const builder = new ListTableBuilder(16);
  for (const entry of entries) builder.add(entry);
  return builder.finish();
}

function readerOf(...entries: readonly string[]) {
  return createListTableReader(tableOf(...entries));
}

describe("a list table", () => {
  it("holds its entries and nothing else", () => {
    const { has } = readerOf("exe", "scr", "süß", "a b");
    expect(["exe", "scr", "süß", "a b"].map(has)).toEqual([true, true, true, true]);
    expect(["ex", "exes", "", "sus", "süss", "a", "EXE"].some(has)).toBe(false);
  });

  it("counts an entry once, however often it was added", () => {
    expect(tableOf("a", "b", "a").entries).toBe(2);
    expect(tableOf().entries).toBe(0);
    expect(createListTableReader(tableOf()).has("a")).toBe(false);
  });

  it("finds a domain under its entries, at label boundaries only", () => {
    const { hasDomain } = readerOf("evil.example", "corp", "a.b.c.d.e.f.example");
    expect(hasDomain("evil.example")).toBe(true);
    expect(hasDomain("a.b.c.evil.example")).toBe(true);
    expect(hasDomain("wiki.corp")).toBe(true);
    expect(hasDomain("corp")).toBe(true);
    expect(hasDomain("x.a.b.c.d.e.f.example")).toBe(true);
    expect(hasDomain("b.c.d.e.f.example")).toBe(false);
    expect(hasDomain("notevil.example")).toBe(false);
    expect(hasDomain("evil.example.org")).toBe(false);
    expect(hasDomain("evil.exampl")).toBe(false);
    expect(hasDomain("example")).toBe(false);
    expect(hasDomain("evil.example.")).toBe(false);
    expect(hasDomain(".")).toBe(false);
    expect(hasDomain("")).toBe(false);
  });

  it("takes no value for an entry that runs over the end of one", () => {
    const { has, hasDomain } = readerOf("a", "b", "x.a");
    expect(has("b\na")).toBe(false);
    expect(has("a\nb")).toBe(false);
    expect(hasDomain("x.a\nb")).toBe(false);
    expect(hasDomain("z.a\nx.a")).toBe(true);
  });

  it("bears values of any length", () => {
    const { has, hasDomain } = readerOf("evil.example", "ü".repeat(400));
    expect(has("ü".repeat(400))).toBe(true);
    expect(has("ü".repeat(70_000))).toBe(false);
    expect(has("a".repeat(70_000))).toBe(false);
    expect(hasDomain(`${"a.".repeat(70_000)}evil.example`)).toBe(true);
    expect(hasDomain(`${"a".repeat(70_000)}evil.example`)).toBe(false);
    // Cut exactly where the entry begins: what stands before it is no boundary.
    expect(hasDomain(`${"a".repeat(5)}${"b".repeat(988)}.evil.example`)).toBe(true);
  });

  it("refuses entries that it could not find again", () => {
    const builder = new ListTableBuilder(16);
    expect(builder.add("a".repeat(1001))).toBe(false);
    expect(builder.add("a\nb")).toBe(false);
    expect(builder.add("a".repeat(1000))).toBe(true);
    expect(createListTableReader(builder.finish()).has("a".repeat(1000))).toBe(true);
  });

  it("agrees with a set, whatever the entries and the seed", () => {
    const name = string({ unit: "binary", maxLength: 12 }).filter(
      (value) => value !== "" && !value.includes("\n") && value.isWellFormed(),
    );
    assert(
      property(uniqueArray(name), uniqueArray(name), (entries, others) => {
        const { has } = readerOf(...entries);
        const known = new Set(entries);
        for (const value of [...entries, ...others]) {
          if (has(value) !== known.has(value)) return false;
        }
        return true;
      }),
    );
  });

  it("grows with what it is given and keeps no more than it needs", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `host-${index}.example`);
    const table = tableOf(...names);
    const reader = createListTableReader(table);
    expect(names.every((name) => reader.hasDomain(`www.${name}`))).toBe(true);
    expect(table.text.length).toBeLessThan(names.join("\n").length + 70_000);
    expect(table.slots.length).toBe(32_768);
  });
});

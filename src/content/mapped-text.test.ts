import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CharacterFold } from "./character-fold.ts";
import {
  createMappedText,
  foldMapped,
  sourceEnd,
  sourceStart,
  sourceText,
  type MappedText,
} from "./mapped-text.ts";

interface Unit {
  readonly start: number;
  readonly end: number;
}

function unitsOf(mapped: MappedText): readonly Unit[] {
  return Array.from({ length: mapped.text.length }, (_, i) => ({
    start: sourceStart(mapped, i),
    end: sourceEnd(mapped, i),
  }));
}

/** What a piece of `count` units that stands for source[start, end) says of each of its units. */
function expected(count: number, start: number, end: number): readonly Unit[] {
  return Array.from({ length: count }, (_, i) =>
    count === end - start ? { start: start + i, end: start + i + 1 } : { start, end },
  );
}

const piece = fc.record({
  count: fc.integer({ min: 0, max: 4 }),
  gap: fc.integer({ min: 0, max: 2 }),
  range: fc.integer({ min: 0, max: 4 }),
});

describe("createMappedText", () => {
  it("knows of each unit where it stands, in whatever order it is asked", () => {
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, asked) => {
        const builder = createMappedText();
        const units: Unit[] = [];
        let at = 0;
        for (const { count, gap, range } of pieces) {
          at += gap;
          builder.add("x".repeat(count), at, at + range);
          units.push(...expected(count, at, at + range));
          at += range;
        }
        const mapped = builder.build();
        expect(builder.length).toBe(units.length);
        expect(unitsOf(mapped)).toEqual(units);
        for (const i of asked) {
          expect(sourceStart(mapped, i)).toBe(units[i]?.start ?? 0);
          expect(sourceEnd(mapped, i)).toBe(units[i]?.end ?? 0);
        }
      }),
    );
  });

  it("copies units of another text with their places", () => {
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.tuple(fc.nat(30), fc.nat(30))), (pieces, ranges) => {
        const builder = createMappedText();
        let at = 0;
        for (const { count, gap, range } of pieces) {
          builder.add("x".repeat(count), at + gap, at + gap + range);
          at += gap + range;
        }
        const mapped = builder.build();
        const units = unitsOf(mapped);
        const copy = createMappedText();
        const copied: Unit[] = [];
        for (const [from, length] of ranges) {
          const end = Math.min(from + length, units.length);
          copy.copy(mapped, from, end);
          copied.push(...units.slice(from, Math.max(from, end)));
        }
        expect(unitsOf(copy.build())).toEqual(copied);
      }),
    );
  });

  it("copies of a text that is its own source", () => {
    const copy = createMappedText();
    copy.copy(sourceText("abcdef"), 4, 6);
    copy.copy(sourceText("abcdef"), 1, 2);
    expect(copy.build().text).toBe("efb");
    expect(unitsOf(copy.build())).toEqual([
      { start: 4, end: 5 },
      { start: 5, end: 6 },
      { start: 1, end: 2 },
    ]);
  });
});

describe("foldMapped", () => {
  it("keeps the places of what becomes longer, shorter or nothing", () => {
    const folded = foldMapped(
      sourceText("a-\u{1f600}b"),
      new CharacterFold((codePoint) =>
        codePoint === 0x2d ? "" : codePoint > 0xffff ? "xyz" : String.fromCodePoint(codePoint),
      ),
    );
    expect(folded.text).toBe("axyzb");
    expect(unitsOf(folded)).toEqual([
      { start: 0, end: 1 },
      { start: 2, end: 4 },
      { start: 2, end: 4 },
      { start: 2, end: 4 },
      { start: 4, end: 5 },
    ]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUlid, isUlid, ulidTime } from "./ulid.ts";

const TIMES = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("createUlid", () => {
  it("spells the time as the specification does", () => {
    // The example of the ULID specification.
    expect(createUlid(1_469_918_176_385).slice(0, 10)).toBe("01ARYZ6S41");
  });

  it("sorts by time as text", () => {
    fc.assert(
      fc.property(TIMES, TIMES, (a, b) => {
        fc.pre(a !== b);
        expect(createUlid(a) < createUlid(b)).toBe(a < b);
      }),
    );
  });

  it("does not repeat itself within a millisecond", () => {
    const ids = Array.from({ length: 1000 }, () => createUlid(5));
    expect(new Set(ids).size).toBe(1000);
  });
});

describe("isUlid", () => {
  it("takes what createUlid makes, at any time", () => {
    fc.assert(
      fc.property(TIMES, (at) => {
        expect(isUlid(createUlid(at))).toBe(true);
      }),
    );
  });

  it.each([
    "",
    "../../etc/passwd",
    "01ARYZ6S41TSV4RRFFQ69G5FA",
    "01ARYZ6S41TSV4RRFFQ69G5FAVX",
    "01aryz6s41tsv4rrffq69g5fav",
    "01ARYZ6S41TSV4RRFFQ69G5FAU",
    "81ARYZ6S41TSV4RRFFQ69G5FAV",
    "01ARYZ6S41TSV4RRFFQ69G5FA/",
    "01ARYZ6S41TSV4RRFFQ69G5FA\0",
    "01ARYZ6S41TSV4RRFFQ69G5FAV\n",
  ])("refuses %j", (text) => {
    expect(isUlid(text)).toBe(false);
  });
});

describe("ulidTime", () => {
  it("gives the time back", () => {
    fc.assert(
      fc.property(TIMES, (at) => {
        expect(ulidTime(createUlid(at))).toBe(at);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { ExpiringBytes } from "./expiring-bytes.ts";

const TTL = 32_000;

function make(maxBytes = 8 * 1024 * 1024) {
  const clock = createManualClock();
  return { clock, map: new ExpiringBytes(clock, { ttlMs: TTL, maxBytes }) };
}

function text(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString("latin1");
}

describe("ExpiringBytes", () => {
  it("gives back what was set, for as long as it lives, and not a moment longer", () => {
    const { clock, map } = make();
    map.set("a", Buffer.from("one"));
    clock.advance(TTL / 2);
    map.set("b", Buffer.from("two"));
    expect([text(map.get("a")), text(map.get("b")), map.get("c")]).toEqual([
      "one",
      "two",
      undefined,
    ]);
    clock.advance(TTL / 2 - 1);
    expect(text(map.get("a"))).toBe("one");
    clock.advance(1);
    expect([map.get("a"), text(map.get("b"))]).toEqual([undefined, "two"]);
  });

  it("knows the newest of several under one key", () => {
    const { clock, map } = make();
    for (const value of ["one", "two", "three"]) {
      map.set("a", Buffer.from(value));
      clock.advance(5000);
    }
    expect(text(map.get("a"))).toBe("three");
  });

  it("lets nobody's entry go because another key is set again and again", () => {
    const { map } = make();
    map.set("other", Buffer.from("kept"));
    for (let n = 0; n < 20_000; n += 1) map.set("the same", Buffer.from([n & 0xff]));
    expect(text(map.get("other"))).toBe("kept");
    expect(map.get("the same")).toEqual(Buffer.from([19_999 & 0xff]));
  });

  it("keeps its own copy, and any byte", () => {
    const { map } = make();
    const value = Buffer.from([0, 255, 13, 10]);
    map.set("\0\xff", value);
    value.fill(1);
    expect(map.get("\0\xff")).toEqual(Buffer.from([0, 255, 13, 10]));
  });

  it("holds nothing when all has had its time", () => {
    const { clock, map } = make();
    for (let n = 0; n < 10_000; n += 1) map.set(`key ${n}`, Buffer.alloc(300));
    expect(map.size).toBe(10_000);
    clock.advance(2 * TTL);
    expect(map.size).toBe(0);
  });

  it("lets the oldest go when there is more than it may hold, and never the newest", () => {
    const { map } = make(1024 * 1024);
    for (let n = 0; n < 20_000; n += 1) map.set(`key ${n}`, Buffer.alloc(300, 7));
    expect(map.size * 300).toBeLessThan(1024 * 1024);
    expect(map.size).toBeGreaterThan(2000);
    expect(map.get("key 0")).toBeUndefined();
    expect(map.get("key 19999")).toEqual(Buffer.alloc(300, 7));
    expect(map.get("key 19000")).toEqual(Buffer.alloc(300, 7));
  });

  it("does not keep what is larger than a segment may be", () => {
    const { map } = make(1024 * 1024);
    map.set("large", Buffer.alloc(200_000));
    map.set("small", Buffer.from("x"));
    expect([map.get("large"), text(map.get("small"))]).toEqual([undefined, "x"]);
  });

  it("says what a map with a time for each entry says, whatever is done in whatever order", () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 40 }),
      length: fc.nat(90_000),
      waitMs: fc.nat(9000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, map } = make(64 * 1024 * 1024);
        const model = new Map<number, { at: number; length: number }>();
        for (const { key, length, waitMs } of steps) {
          map.set(`k${key}`, Buffer.alloc(length, key));
          model.set(key, { at: clock.monotonicMs(), length });
          clock.advance(waitMs);
          for (let other = 0; other <= 40; other += 1) {
            const known = model.get(other);
            const lives = known !== undefined && clock.monotonicMs() - known.at < TTL;
            expect(map.get(`k${other}`)?.length).toBe(lives ? known.length : undefined);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

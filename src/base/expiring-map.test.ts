import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { ExpiringMap } from "./expiring-map.ts";

function mapOf(maxEntries: number): {
  map: ExpiringMap<string>;
  clock: ReturnType<typeof createManualClock>;
  expired: string[];
} {
  const clock = createManualClock();
  const expired: string[] = [];
  const onExpire = (value: string): number => expired.push(value);
  return { map: new ExpiringMap(clock, { ttlMs: 1000, maxEntries, onExpire }), clock, expired };
}

describe("ExpiringMap", () => {
  it("keeps an entry for its time and no longer", () => {
    const { map, clock, expired } = mapOf(10);
    map.set("a", "first");
    clock.advance(600);
    map.set("b", "second");
    clock.advance(399);
    expect(map.get("a")).toBe("first");
    clock.advance(1);
    expect(map.get("a")).toBeUndefined();
    expect(expired).toEqual(["first"]);
    expect(map.get("b")).toBe("second");
    clock.advance(600);
    expect(expired).toEqual(["first", "second"]);
    expect(map.size).toBe(0);
  });

  it("makes room by letting the oldest go", () => {
    const { map, expired } = mapOf(2);
    map.set("a", "1");
    map.set("b", "2");
    map.set("c", "3");
    expect(expired).toEqual(["1"]);
    expect(map.size).toBe(2);
  });

  it("says nothing of an entry that was taken out", () => {
    const { map, clock, expired } = mapOf(2);
    map.set("a", "1");
    expect(map.take("a")).toBe("1");
    clock.advance(5000);
    expect(expired).toEqual([]);
  });

  it("expires everything when it is cleared", () => {
    const { map, expired } = mapOf(5);
    map.set("a", "1");
    map.set("b", "2");
    map.clear();
    expect(expired).toEqual(["1", "2"]);
  });

  it("tells of an entry whose time is over and whose timer comes late, when another takes its place", () => {
    const clock = createManualClock();
    let late = 0;
    const busy = { ...clock, monotonicMs: () => clock.monotonicMs() + late };
    const expired: string[] = [];
    const onExpire = (value: string): number => expired.push(value);
    const map = new ExpiringMap<string>(busy, { ttlMs: 1000, maxEntries: 10, onExpire });
    map.set("a", "first");
    late = 1000;
    expect(map.get("a")).toBeUndefined();
    map.set("a", "second");
    expect(expired).toEqual(["first"]);
    clock.advance(1000);
    expect(expired).toEqual(["first", "second"]);
  });

  it("counts a new value for a key as a new entry", () => {
    const { map, clock, expired } = mapOf(5);
    map.set("a", "old");
    clock.advance(900);
    map.set("a", "new");
    clock.advance(900);
    expect(map.get("a")).toBe("new");
    expect(expired).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { RecentMap } from "./recent-map.ts";

describe("RecentMap", () => {
  it("keeps what is in use and forgets the rest", () => {
    const map = new RecentMap<number>(10);
    map.set("used", -1);
    for (let index = 0; index < 1000; index += 1) {
      map.set(`key ${index}`, index);
      expect(map.get("used")).toBe(-1);
      expect(map.size).toBeLessThanOrEqual(10);
    }
    expect(map.get("key 999")).toBe(999);
    expect(map.get("key 1")).toBeUndefined();
    expect([...map.values()]).toHaveLength(map.size);
  });
});

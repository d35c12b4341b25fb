import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../base/clock.ts";
import { createIncidentIds } from "./incident-ids.ts";

const options = { windowMs: 600_000, maxGroups: 3 };

describe("createIncidentIds", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("gives INC- and eight characters that cannot be misread", () => {
    const ids = createIncidentIds(systemClock, { windowMs: 1, maxGroups: 1000 }, []);
    const seen = new Set<string>();
    for (let n = 0; n < 500; n += 1) {
      const { id, repeated } = ids.incidentFor(`group ${n}`);
      expect(id).toMatch(/^INC-[0-9A-HJKMNP-TV-Z]{8}$/);
      expect(repeated).toBe(false);
      seen.add(id);
    }
    expect(seen.size).toBe(500);
  });

  it("keeps one incident for ten minutes and starts another after them", () => {
    const ids = createIncidentIds(systemClock, options, []);
    const first = ids.incidentFor("a");
    vi.advanceTimersByTime(599_999);
    expect(ids.incidentFor("a")).toEqual({ id: first.id, repeated: true });
    vi.advanceTimersByTime(1);
    expect(ids.incidentFor("a").id).not.toBe(first.id);
    expect(ids.groupKeyOf(first.id)).toBe("");
  });

  it("forgets the oldest group when there are too many", () => {
    const ids = createIncidentIds(systemClock, options, []);
    const first = ids.incidentFor("a");
    for (const key of ["b", "c", "d"]) ids.incidentFor(key);
    expect(ids.incidentFor("a").id).not.toBe(first.id);
    expect(ids.groupKeyOf(first.id)).toBe("");
  });

  it("goes on with the groups of the process before, for what is left of their window", () => {
    const group = { groupKey: "a", id: "INC-0000000A", firstSeen: Date.now() - 500_000 };
    const ids = createIncidentIds(systemClock, options, [group]);
    expect(ids.incidentFor("a")).toEqual({ id: "INC-0000000A", repeated: true });
    vi.advanceTimersByTime(100_000);
    expect(ids.incidentFor("a").repeated).toBe(false);
  });

  it("keeps a very long key as its hash, and still tells groups apart", () => {
    const ids = createIncidentIds(systemClock, options, []);
    const long = "x".repeat(100_000);
    const first = ids.incidentFor(`${long}1`);
    expect(ids.incidentFor(`${long}2`).id).not.toBe(first.id);
    expect(ids.groupKeyOf(first.id).length).toBeLessThan(64);
  });
});

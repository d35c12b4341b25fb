import { describe, expect, it } from "vitest";
import { readMoment } from "./duration.ts";

const now = Date.parse("2026-01-31T12:00:00Z");

describe("readMoment", () => {
  it("reads how long ago, and dates", () => {
    expect(readMoment("24h", now)).toEqual({ ok: true, value: now - 86_400_000 });
    expect(readMoment("2w", now)).toEqual({ ok: true, value: now - 1_209_600_000 });
    expect(readMoment("2026-01-31T12:00:00Z", 0)).toEqual({ ok: true, value: now });
    expect(readMoment("2026-01-31", 0)).toMatchObject({ ok: true });
  });

  it.each(["", "yesterday", "24", "h", "-1h", "2026-99-99", "1e9d"])("refuses %j", (text) => {
    expect(readMoment(text, now).ok).toBe(false);
  });
});

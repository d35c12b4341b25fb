import { expect, it } from "vitest";
import { createEventId } from "./event-id.ts";

const AT = Date.UTC(2026, 10, 27, 12, 0, 0, 7);

it("makes an id that is a UUID of version 7 with the time in front", () => {
  const id = createEventId(AT);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.slice(0, 13).replace("-", ""), 16)).toBe(AT);
});

it("never makes one twice, in whatever number within one millisecond", () => {
  const ids = Array.from({ length: 20_000 }, () => createEventId(AT));
  expect(new Set(ids).size).toBe(ids.length);
});

it("sorts by time", () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => createEventId(AT + i));
  expect(ids.toSorted()).toEqual(ids);
});

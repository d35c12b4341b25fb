import { describe, expect, it, vi } from "vitest";
import { factsOf, ruleProblems, rules } from "../policy.test-data.ts";

/** Whether a rule with this window matches at that moment. */
function holds(window: string, at: string): boolean {
  const policy = rules(`- { id: r, on: message, when: { time: ${window} }, then: block }`);
  return policy.decide(factsOf({ now: Date.parse(at) })).action === "block";
}

const OFFICE = `{ tz: Europe/Berlin, days: [mon, tue, wed, thu, fri], between: ["08:00", "18:00"] }`;
const NIGHT = `{ tz: Europe/Berlin, days: sat, between: ["22:00", "06:00"] }`;

describe("time", () => {
  it.each([
    ["2026-11-23T08:00:00+01:00", true],
    ["2026-11-23T07:59:59+01:00", false],
    ["2026-11-23T17:59:59+01:00", true],
    ["2026-11-23T18:00:00+01:00", false],
    ["2026-11-22T12:00:00+01:00", false],
    ["2026-07-20T06:30:00Z", true],
    ["2026-11-23T06:30:00Z", false],
  ])("knows office hours by the wall clock of the zone: %s %s", (at, expected) => {
    expect(holds(OFFICE, at)).toBe(expected);
  });

  it.each([
    ["2026-11-21T22:00:00+01:00", true],
    ["2026-11-22T05:59:00+01:00", true],
    ["2026-11-22T06:00:00+01:00", false],
    ["2026-11-22T23:00:00+01:00", false],
    ["2026-11-21T03:00:00+01:00", false],
  ])("lets a window past midnight belong to the day on which it began: %s %s", (at, expected) => {
    expect(holds(NIGHT, at)).toBe(expected);
  });

  it("takes several windows, a whole day, and the end of a day as 24:00", () => {
    const lunch = `{ tz: UTC, between: [["08:00", "12:00"], ["13:00", "24:00"]] }`;
    expect(holds(lunch, "2026-11-23T12:30:00Z")).toBe(false);
    expect(holds(lunch, "2026-11-23T23:59:59Z")).toBe(true);
    expect(holds("{ tz: UTC, days: [sun] }", "2026-11-22T00:00:00Z")).toBe(true);
    expect(holds("{ tz: UTC, days: [sun] }", "2026-11-23T00:00:00Z")).toBe(false);
  });

  it("has no moment in an hour that summer time leaves out, and goes on behind it", () => {
    // 29 March 2026, Europe/Berlin: 02:00 is followed by 03:00.
    const gap = `{ tz: Europe/Berlin, between: ["02:15", "02:45"] }`;
    const start = Date.parse("2026-03-29T00:00:00Z");
    const night = Array.from({ length: 36 }, (_, index) => start + index * 300_000);
    expect(night.filter((at) => holds(gap, new Date(at).toISOString()))).toEqual([]);
    const across = `{ tz: Europe/Berlin, between: ["02:30", "06:00"] }`;
    expect(holds(across, "2026-03-29T00:59:00Z")).toBe(false);
    expect(holds(across, "2026-03-29T01:00:00Z")).toBe(true);
  });

  it("holds twice in an hour that comes twice, and through the night in between", () => {
    // 25 October 2026, Europe/Berlin: 03:00 is followed by 02:00.
    const half = `{ tz: Europe/Berlin, between: ["02:15", "02:45"] }`;
    expect(holds(half, "2026-10-25T00:30:00Z")).toBe(true);
    expect(holds(half, "2026-10-25T01:00:00Z")).toBe(false);
    expect(holds(half, "2026-10-25T01:30:00Z")).toBe(true);
    const night = `{ tz: Europe/Berlin, days: sat, between: ["22:00", "06:00"] }`;
    expect(holds(night, "2026-10-25T01:59:00Z")).toBe(true);
    expect(holds(night, "2026-10-25T05:00:00Z")).toBe(false);
  });

  it("knows zones that are not a whole hour off, and the other side of the world", () => {
    const lordHowe = `{ tz: Australia/Lord_Howe, between: ["10:30", "10:31"] }`;
    expect(holds(lordHowe, "2026-06-01T00:00:00Z")).toBe(true);
    expect(holds(`{ tz: Pacific/Kiritimati, days: mon }`, "2026-11-22T10:00:00Z")).toBe(true);
  });

  it("stands in objects, exceptions, negations and policies", () => {
    const policy = rules(
      `
- id: night-files
  on: message
  when: { not: { object: office } }
  unless: [ { name: noon, time: { tz: UTC, between: ["12:00", "12:01"] } } ]
  then: block
objects:
  office: { time: ${OFFICE} }
policies:
  - { name: night, when: { not: { object: office } } }
  - { name: day }`,
    );
    const night = policy.decide(factsOf({ now: Date.parse("2026-11-22T23:10:00+01:00") }));
    expect(night).toMatchObject({ action: "block", policy: "night" });
    const noon = policy.decide(factsOf({ now: Date.parse("2026-11-22T12:00:30Z") }));
    expect(noon.action).toBe("allow");
    const day = policy.decide(factsOf({ now: Date.parse("2026-11-23T10:00:00Z") }));
    expect(day).toMatchObject({ action: "allow", policy: "day" });
  });

  it("shows in a trace what the clock said", () => {
    const policy = rules(`- { id: r, on: message, when: { time: ${OFFICE} }, then: block }`);
    const facts = factsOf({ now: Date.parse("2026-11-22T23:10:00+01:00") });
    const [entry] = policy.decide(facts, { trace: true }).trace;
    expect(entry?.leaves).toEqual([
      { field: "time", value: "sun 23:10 Europe/Berlin", matched: false },
    ]);
  });

  it.each([
    [`{ days: mon }`, "tz"],
    [
      `{ tz: Europe/Berlim, days: mon }`,
      'no time zone "Europe/Berlim" (did you mean "Europe/Berlin"?)',
    ],
    [`{ tz: "+01:00", days: mon }`, 'no time zone "+01:00"'],
    [`{ tz: UTC }`, "names neither days nor hours"],
    [`{ tz: UTC, days: monday }`, "monday"],
    [`{ tz: UTC, between: ["8:00", "18:00"] }`, 'write "08:00"'],
    [`{ tz: UTC, between: ["08:00", "08:00"] }`, "ends as it begins"],
    [`{ tz: UTC, between: ["08:00", "25:00"] }`, "not a time of day"],
  ])("refuses %s", (window, expected) => {
    expect(ruleProblems(`when: { time: ${window} }, then: block`).join("\n")).toContain(expected);
  });

  it("asks the time zone database once a minute, whatever the number of rules", () => {
    const many = Array.from(
      { length: 200 },
      (_, index) =>
        `- { id: r-${index}, on: message, when: { time: { tz: Asia/Tokyo, days: sun, between: ["03:00", "03:01"] } }, then: block }`,
    );
    const policy = rules(many.join("\n"));
    const formatToParts = vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts");
    for (let second = 0; second < 60; second += 1) {
      policy.decide(factsOf({ now: Date.parse("2026-11-22T12:00:00Z") + second * 1000 }));
    }
    const asked = formatToParts.mock.calls.length;
    formatToParts.mockRestore();
    expect(asked).toBe(1);
  });
});

import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import type { OperationEvent } from "../journal/records.ts";
import { reportUpstream, upstreamHealth, upstreamStats } from "./upstream-reports.ts";

const UP = {
  name: "sip:10.0.0.5:5070;transport=tcp",
  host: "a",
  status: "up",
  reason: "",
} as const;
const DOWN = {
  name: "sip:10.0.0.6:5070;transport=tcp",
  host: "b",
  status: "down",
  since: 1_767_225_600_000,
  reason: "no connection",
} as const;

describe("reportUpstream", () => {
  function reported(was: "unknown" | "up" | "down", status: "up" | "down", reason = "") {
    const lines: string[] = [];
    const events: OperationEvent[] = [];
    const deps = {
      clock: createManualClock(),
      journal: { operation: (event: OperationEvent) => void events.push(event) },
      log: { warn: (message: string) => void lines.push(message) },
    };
    reportUpstream(deps, { upstream: "sip:a", status, was, reason });
    return { lines, events };
  }

  it("writes a line of the log and an event of type admin when one goes and comes back", () => {
    const gone = reported("up", "down", "no connection");
    expect(gone.lines).toEqual(["upstream is down: sip:a"]);
    expect(gone.events).toMatchObject([
      { type: "admin", reason: "upstream is down", details: { cause: "no connection" } },
    ]);
    expect(reported("down", "up").lines).toEqual(["upstream is back: sip:a"]);
  });

  it("says nothing of one that lives at the start", () => {
    expect(reported("unknown", "up")).toEqual({ lines: [], events: [] });
  });
});

describe("upstreamHealth", () => {
  it("is well as long as one of them may live, and says which does not", () => {
    const part = upstreamHealth([{ ...UP, since: undefined }, DOWN]);
    expect(part.ok).toBe(true);
    expect(part.detail).toBe(
      "sip:10.0.0.5:5070;transport=tcp up; " +
        "sip:10.0.0.6:5070;transport=tcp down since 2026-01-01T00:00:00.000Z (no connection)",
    );
    expect(upstreamHealth([DOWN]).ok).toBe(false);
    expect(upstreamHealth([]).ok).toBe(true);
  });

  it("shows the states by name among the counters", () => {
    expect(upstreamStats([DOWN])).toEqual({ "sip:10.0.0.6:5070;transport=tcp": "down" });
  });
});

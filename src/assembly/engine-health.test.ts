import { describe, expect, it } from "vitest";
import type { EngineStatus } from "../scan/scan-engine.ts";
import { engineHealth } from "./engine-health.ts";

const UP: EngineStatus = {
  name: "clamd",
  required: true,
  state: "up",
  detail: "ClamAV 1.4.3",
  warning: "",
  scans: 0,
  errors: 0,
};
const DOWN: EngineStatus = { ...UP, state: "down", detail: "no connection" };

describe("engineHealth", () => {
  it("is well while every required engine is up", () => {
    expect(engineHealth([UP, { ...DOWN, required: false }])).toEqual({
      name: "engines",
      ok: true,
      detail: "clamd is up: ClamAV 1.4.3; clamd (not required) is down: no connection",
    });
    expect(engineHealth([UP, DOWN]).ok).toBe(false);
    expect(engineHealth([{ ...UP, state: "unknown" }]).ok).toBe(false);
    expect(engineHealth([])).toMatchObject({ ok: false, detail: "not probed yet" });
  });
});

import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import type { EngineReload } from "../scan/scan-engine.ts";
import { withEngines, type EngineReloadsDeps } from "./reload-engines.ts";
import type { ReloadOutcome, RulesReloads } from "./rules-reloads.ts";

const GOOD: EngineReload = { ok: true, problems: ["a.yar:1:1: odd"] };
const BAD: EngineReload = { ok: false, problems: ["a.yar:2:3: bad"] };

interface Answers {
  readonly trial: EngineReload | undefined;
  readonly real?: EngineReload;
  readonly rules?: ReloadOutcome;
}

/** What was done, in its order, and what the operator is told. */
async function reload({ trial, real = GOOD, rules }: Answers) {
  const done: string[] = [];
  const reasons: string[] = [];
  const deps: EngineReloadsDeps = {
    clock: createManualClock(),
    journal: { operation: ({ reason }) => void reasons.push(reason) },
    policies: { current: { generation: 7 } } as EngineReloadsDeps["policies"],
    relay: {
      async reloadEngines(isTrial) {
        done.push(isTrial ? "trial" : "engines");
        return isTrial ? trial : real;
      },
    },
  };
  const reloads: RulesReloads = {
    async reload() {
      done.push("rules");
      return rules ?? { ok: true, generation: 8, problems: ["r.yaml:1:1: odd"] };
    },
    refresh: async () => [],
    [Symbol.dispose]: () => undefined,
  };
  return { outcome: await withEngines(deps, reloads).reload(), done, reasons };
}

describe("withEngines", () => {
  it("loads the rules alone where no engine has any", async () => {
    const { done, outcome, reasons } = await reload({ trial: undefined });
    expect(done).toEqual(["trial", "rules"]);
    expect(outcome.ok).toBe(true);
    expect(reasons).toEqual([]);
  });

  it("changes nothing when those of an engine are bad", async () => {
    const { done, outcome, reasons } = await reload({ trial: BAD });
    expect(done).toEqual(["trial"]);
    expect(outcome).toEqual({ ok: false, generation: 7, problems: BAD.problems });
    expect(reasons).toEqual(["rules of scan engines were not loaded, the old ones stay"]);
  });

  it("changes nothing when the gateway's own are bad", async () => {
    const rules = { ok: false, generation: 7, problems: ["r.yaml:1:1: bad"] };
    const { done, outcome } = await reload({ trial: GOOD, rules });
    expect(done).toEqual(["trial", "rules"]);
    expect(outcome).toEqual(rules);
  });

  it("puts both in force when all is well, and tells the warnings of both", async () => {
    const { done, outcome, reasons } = await reload({ trial: GOOD });
    expect(done).toEqual(["trial", "rules", "engines"]);
    expect(outcome).toEqual({
      ok: true,
      generation: 8,
      problems: ["a.yar:1:1: odd", "r.yaml:1:1: odd"],
    });
    expect(reasons).toEqual(["new rules of scan engines are in force"]);
  });

  it("says so when the files went bad between the trial and the end", async () => {
    const { outcome } = await reload({ trial: GOOD, real: BAD });
    expect(outcome).toMatchObject({ ok: false, problems: BAD.problems });
  });
});

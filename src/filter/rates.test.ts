import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { Rates } from "./rates.ts";

const MINUTE = 60_000;
const METER = { id: "rule r when.rate", overMs: 10 * MINUTE };

function kit(keys = 100) {
  const clock = createManualClock();
  const rates = new Rates(clock, { keys, actions: 100, counts: 1000 });
  let actions = 0;
  /** Another action of somebody, counted by the meter. */
  function send(value = "alice", meter = METER): number {
    actions += 1;
    const key = `action ${actions}`;
    return rates.counterFor(() => ({ key, credentials: 0 })).count(meter, value);
  }
  return { clock, rates, send };
}

describe("Rates", () => {
  it("counts each value and each meter by itself", () => {
    const { send } = kit();
    expect([send(), send(), send("bob"), send()]).toEqual([1, 2, 1, 3]);
    expect(send("alice", { ...METER, id: "rule s when.rate" })).toBe(1);
  });

  it("forgets after the time of the rule, and at most a tenth later", () => {
    const { clock, send } = kit();
    for (let n = 0; n < 20; n += 1) send();
    clock.advance(10 * MINUTE);
    expect(send()).toBe(21);
    clock.advance(MINUTE);
    expect(send()).toBe(2);
    clock.advance(1000 * MINUTE);
    expect(send()).toBe(1);
  });

  it("slides: what is older goes, what is younger stays", () => {
    const { clock, send } = kit();
    const counts = Array.from({ length: 60 }, () => {
      clock.advance(MINUTE);
      return send();
    });
    expect(Math.max(...counts)).toBe(11);
    expect(counts.slice(20).every((count) => count === 11)).toBe(true);
  });

  it("counts an action once, however often it is judged", () => {
    const { rates } = kit();
    const action = rates.counterFor(() => ({ key: "a", credentials: 0 }));
    expect([action.count(METER, "alice"), action.count(METER, "alice")]).toEqual([1, 1]);
  });

  it("counts anew what comes with more credentials than challenges ask for", () => {
    const { rates } = kit();
    const counts = Array.from({ length: 50 }, (_, credentials) =>
      rates.counterFor(() => ({ key: "a", credentials })).count(METER, "alice"),
    );
    expect(counts.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(counts.at(-1)).toBe(46);
  });

  it("knows an action again that comes with the credentials it was asked for", () => {
    const { clock, rates } = kit();
    function sent(credentials: number): number {
      return rates.counterFor(() => ({ key: "a", credentials })).count(METER, "alice");
    }
    expect([sent(0), sent(1), sent(2)]).toEqual([1, 1, 1]);
    expect(sent(0)).toBe(2);
    expect(sent(0)).toBe(3);
    clock.advance(65_000);
    expect(sent(1)).toBe(4);
  });

  it("holds a fixed number of values; the one counted longest ago goes first", () => {
    const { rates, send } = kit(3);
    expect(["a", "b", "c", "a", "d"].map((value) => send(value))).toEqual([1, 1, 1, 2, 1]);
    expect(rates.size).toBe(3);
    expect(send("a")).toBe(3);
    expect(send("b")).toBe(1);
    for (let n = 0; n < 1000; n += 1) send(`${"x".repeat(5000)}${n}`);
    expect(rates.size).toBe(3);
  });

  it("is not asked what the action is unless a rule counts", () => {
    const { rates } = kit();
    let asked = 0;
    rates.counterFor(() => {
      asked += 1;
      return { key: "a", credentials: 0 };
    });
    expect(asked).toBe(0);
  });

  it("remembers so much of all actions together, however many rules count", () => {
    const clock = createManualClock();
    const rates = new Rates(clock, { keys: 1000, actions: 100, counts: 50 });
    const meters = Array.from({ length: 20 }, (_, n) => ({ ...METER, id: `rule ${n}` }));
    function sent(key: string, credentials: number): readonly number[] {
      const counter = rates.counterFor(() => ({ key, credentials }));
      return meters.map((meter) => counter.count(meter, "alice"));
    }
    expect(new Set(sent("a", 0))).toEqual(new Set([1]));
    expect(new Set(sent("b", 0))).toEqual(new Set([2]));
    expect(new Set(sent("b", 1))).toEqual(new Set([2]));
    // With the third the bound is passed: what came before counts again when it comes again, what is judged now does not.
    const third = rates.counterFor(() => ({ key: "c", credentials: 0 }));
    for (const _ of [1, 2]) {
      expect(new Set(meters.map((meter) => third.count(meter, "alice")))).toEqual(new Set([3]));
    }
    expect(new Set(sent("a", 1))).toEqual(new Set([4]));
    clock.advance(65_000);
    expect(new Set(sent("d", 0))).toEqual(new Set([5]));
    expect(new Set(sent("d", 1))).toEqual(new Set([5]));
  });
});

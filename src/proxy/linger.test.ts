import { describe, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createTimerWheel } from "../base/timer-wheel.ts";
import { LingerQueue, type Lingering, type LingerLimits } from "./linger.ts";

function queue(limits: LingerLimits): { clock: ManualClock; linger: LingerQueue } {
  const clock = createManualClock();
  const timers = createTimerWheel(clock, 100);
  return { clock, linger: new LingerQueue(timers, () => clock.monotonicMs(), 5000, limits) };
}

function thing(gone: number[], number: number, heldBytes = 10): Lingering {
  return { heldBytes, expire: () => gone.push(number) };
}

describe("LingerQueue", () => {
  it("keeps each thing for its time and then asks for no more time of the clock", () => {
    const { clock, linger } = queue({ entries: 10, bytes: 1000 });
    const gone: number[] = [];
    linger.keep(thing(gone, 1));
    clock.advance(3000);
    linger.keep(thing(gone, 2));
    clock.advance(2100);
    expect(gone).toEqual([1]);
    clock.advance(3000);
    expect(gone).toEqual([1, 2]);
    expect(clock.scheduledCalls).toBe(0);
  });

  it("lets the oldest go first when there are too many, or when they hold too much", () => {
    const { linger } = queue({ entries: 2, bytes: 100 });
    const gone: number[] = [];
    for (const number of [1, 2, 3]) linger.keep(thing(gone, number));
    expect(gone).toEqual([1]);
    linger.keep(thing(gone, 4, 95));
    expect(gone).toEqual([1, 2, 3]);
    expect(linger.size).toBe(1);
  });

  it("takes thousands in and lets them go", () => {
    const { clock, linger } = queue({ entries: 100_000, bytes: 10_000_000 });
    const gone: number[] = [];
    for (let number = 0; number < 5000; number += 1) linger.keep(thing(gone, number));
    clock.advance(10_000);
    expect(gone).toHaveLength(5000);
    expect(linger.size).toBe(0);
  });
});

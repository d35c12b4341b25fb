import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createTimerWheel } from "./timer-wheel.ts";

describe("createTimerWheel", () => {
  it("runs a timer once, never early, and at most one tick late", () => {
    const clock = createManualClock();
    const wheel = createTimerWheel(clock, 100);
    let ran = 0;
    wheel.start(500, () => (ran += 1));
    clock.advance(499);
    expect(ran).toBe(0);
    clock.advance(101);
    expect(ran).toBe(1);
    clock.advance(60_000);
    expect(ran).toBe(1);
  });

  it("does not run a cancelled timer, and bears a second cancel", () => {
    const clock = createManualClock();
    const wheel = createTimerWheel(clock, 100);
    let ran = 0;
    const timer = wheel.start(500, () => (ran += 1));
    wheel.start(500, () => (ran += 10));
    timer.cancel();
    timer.cancel();
    expect(wheel.size).toBe(1);
    clock.advance(1000);
    expect(ran).toBe(10);
    timer.cancel();
    expect(wheel.size).toBe(0);
  });

  it("asks nothing of the clock while no timer is pending, and one call while some are", () => {
    const clock = createManualClock();
    const wheel = createTimerWheel(clock, 100);
    expect(clock.scheduledCalls).toBe(0);
    for (let index = 0; index < 50; index += 1) wheel.start(index * 10, () => undefined);
    expect(clock.scheduledCalls).toBe(1);
    clock.advance(1000);
    expect(clock.scheduledCalls).toBe(0);
    let ran = false;
    clock.advance(1_000_000);
    wheel.start(100, () => (ran = true));
    clock.advance(200);
    expect(ran).toBe(true);
  });

  it("gives the event loop its turn between steps of a large expiry", () => {
    const clock = createManualClock();
    const wheel = createTimerWheel(clock, 100);
    let ran = 0;
    const between: number[] = [];
    for (let index = 0; index < 1000; index += 1) {
      wheel.start(50, () => {
        if (ran === 0) clock.schedule(0, () => between.push(ran));
        ran += 1;
      });
    }
    clock.advance(200);
    expect(ran).toBe(1000);
    expect(between).toEqual([256]);
  });

  it("cancels a timer that is already due but has not had its turn", () => {
    const clock = createManualClock();
    const wheel = createTimerWheel(clock, 100);
    const ran: string[] = [];
    wheel.start(50, () => {
      ran.push("first");
      second.cancel();
    });
    const second = wheel.start(50, () => ran.push("second"));
    clock.advance(200);
    expect(ran).toEqual(["first"]);
    expect(wheel.size).toBe(0);
  });

  it("goes on after a callback that throws", () => {
    const clock = createManualClock();
    const wheel = createTimerWheel(clock, 100);
    let ran = 0;
    wheel.start(50, () => {
      throw new Error("broken");
    });
    wheel.start(50, () => (ran += 1));
    expect(() => clock.advance(200)).toThrow("broken");
    clock.advance(200);
    expect(ran).toBe(1);
  });

  it("catches up after the process has been stopped for an hour", () => {
    const clock = createManualClock();
    let frozen: (() => void) | undefined;
    const wheel = createTimerWheel({ ...clock, schedule: freeze }, 100);
    function freeze(_delayMs: number, run: () => void): { cancel(): void } {
      frozen = run;
      return { cancel: () => undefined };
    }
    const ran: number[] = [];
    for (const delay of [100, 40_000, 180_000, 7_200_000])
      wheel.start(delay, () => ran.push(delay));
    clock.advance(3_600_000);
    frozen?.();
    expect([...ran].sort((a, b) => a - b)).toEqual([100, 40_000, 180_000]);
    expect(wheel.size).toBe(1);
  });

  it("keeps the moment of every timer, whatever is started and cancelled around it", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            delayMs: fc.integer({ min: 0, max: 200_000 }),
            cancel: fc.boolean(),
            pauseMs: fc.integer({ min: 0, max: 3000 }),
          }),
          { maxLength: 40 },
        ),
        (plan) => {
          const clock = createManualClock();
          const wheel = createTimerWheel(clock, 100);
          const late: number[] = [];
          for (const { delayMs, cancel, pauseMs } of plan) {
            const wanted = clock.monotonicMs() + delayMs;
            const timer = wheel.start(delayMs, () => late.push(clock.monotonicMs() - wanted));
            if (cancel) timer.cancel();
            clock.advance(pauseMs);
          }
          clock.advance(300_000);
          expect(late).toHaveLength(plan.filter((entry) => !entry.cancel).length);
          expect(late.every((ms) => ms >= 0 && ms <= 100)).toBe(true);
          expect(wheel.size).toBe(0);
        },
      ),
    );
  });
});

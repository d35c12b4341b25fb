import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../base/clock.ts";
import { createLineBuffer } from "./line-buffer.ts";

describe("createLineBuffer", () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] }),
  );
  afterEach(() => void vi.useRealTimers());

  function setUp(maxLines: number): {
    readonly buffer: ReturnType<typeof createLineBuffer>;
    readonly written: string[];
    readonly pending: PromiseWithResolvers<void>[];
  } {
    const written: string[] = [];
    const pending: PromiseWithResolvers<void>[] = [];
    const append = async (text: string, isUrgent: boolean): Promise<void> => {
      written.push(isUrgent ? `! ${text}` : text);
      const done = Promise.withResolvers<void>();
      pending.push(done);
      return done.promise;
    };
    const lossLine = (lost: number): string => `lost ${lost}\n`;
    const buffer = createLineBuffer({ clock: systemClock, append, lossLine }, maxLines);
    return { buffer, written, pending };
  }

  it("writes what came in within a second in one piece", () => {
    const { buffer, written } = setUp(10);
    buffer.push("a\n");
    buffer.push("b\n");
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(written).toEqual(["a\nb\n"]);
  });

  it("writes earlier when 64 KiB wait", () => {
    const { buffer, written } = setUp(10);
    buffer.push("x".repeat(70_000));
    expect(written).toHaveLength(1);
  });

  it("counts what overflows, lines under way included, and says so in one line", async () => {
    const { buffer, written, pending } = setUp(2);
    buffer.push("a\n");
    buffer.push("b\n");
    expect(buffer.push("c\n")).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(buffer.push("d\n")).toBe(false);
    pending[0]?.resolve();
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toEqual(["a\nb\nlost 1\n", "lost 1\n"]);
  });

  it("lets an urgent line pass a full buffer", () => {
    const { buffer, written } = setUp(1);
    buffer.push("a\n");
    buffer.pushUrgent("reload\n");
    expect(written).toEqual(["a\n", "! reload\n"]);
  });

  it("counts lines that were lost with the worker", async () => {
    const { buffer, written, pending } = setUp(10);
    buffer.push("a\n");
    vi.advanceTimersByTime(1000);
    pending[0]?.reject(new Error("gone"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toEqual(["a\n", "lost 1\n"]);
  });
});

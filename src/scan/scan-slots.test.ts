import { describe, expect, it } from "vitest";
import { ScanSlots } from "./scan-slots.ts";

describe("ScanSlots", () => {
  const never = new AbortController().signal;

  it("serves those who wait in order, and refuses beyond", async () => {
    const slots = new ScanSlots(1, 2);
    const served: string[] = [];
    const take = async (name: string, signal = never): Promise<boolean> => {
      const taken = await slots.take(signal);
      served.push(`${name} ${taken}`);
      return taken;
    };
    await take("a");
    const b = take("b");
    const c = take("c");
    await take("d");
    slots.release();
    await b;
    slots.release();
    await c;
    slots.release();
    await take("e");
    expect(served).toEqual(["a true", "d false", "b true", "c true", "e true"]);
  });

  it("forgets those who stop waiting", async () => {
    const slots = new ScanSlots(1, 2);
    const stop = new AbortController();
    await slots.take(never);
    const gone = slots.take(stop.signal);
    const stays = slots.take(never);
    stop.abort();
    expect(await gone).toBe(false);
    slots.release();
    expect(await stays).toBe(true);
    expect(await slots.take(AbortSignal.abort())).toBe(false);
  });
});

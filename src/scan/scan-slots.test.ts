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

  it("lets in no more than are allowed from now on, and those who wait when there are more", async () => {
    const slots = new ScanSlots(3, 2);
    for (let taken = 0; taken < 3; taken += 1) expect(await slots.take(never)).toBe(true);
    slots.allow(1);
    const waits = slots.take(never);
    let entered = false;
    void waits.then(() => (entered = true));
    slots.release();
    slots.release();
    await Promise.resolve();
    expect(entered).toBe(false);
    slots.release();
    expect(await waits).toBe(true);
    const more = slots.take(never);
    slots.allow(2);
    expect(await more).toBe(true);
  });
});

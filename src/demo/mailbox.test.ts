import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { Mailbox } from "./mailbox.ts";

describe("Mailbox", () => {
  it("keeps what nobody asked for, in order", async () => {
    const box = new Mailbox<number>(createManualClock());
    for (const item of [1, 2, 3]) box.put(item);
    expect(await box.next("even number", (item) => item % 2 === 0)).toBe(2);
    expect(box.kept).toEqual([1, 3]);
  });

  it("hands over to who waits already, by what fits", async () => {
    const box = new Mailbox<number>(createManualClock());
    const odd = box.next("odd number", (item) => item % 2 === 1);
    const even = box.next("even number", (item) => item % 2 === 0);
    box.put(4);
    box.put(5);
    expect([await odd, await even]).toEqual([5, 4]);
    expect(box.kept).toEqual([]);
  });

  it("says what did not come", async () => {
    const clock = createManualClock();
    const box = new Mailbox<number>(clock);
    const waiting = box.next("number");
    clock.advance(60_000);
    await expect(waiting).rejects.toThrow("no number");
    box.put(1);
    expect(box.kept).toEqual([1]);
  });

  it("ends every wait when nothing more will come", async () => {
    const box = new Mailbox<number>(createManualClock());
    const waiting = box.next("number");
    box.close(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await expect(box.next("number")).rejects.toThrow("gone");
  });
});

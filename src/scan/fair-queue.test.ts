import { describe, expect, it } from "vitest";
import { FairQueue } from "./fair-queue.ts";

describe("FairQueue", () => {
  it("lets owners take turns, however many each has waiting", () => {
    const queue = new FairQueue<string>(1);
    for (const item of ["a1", "a2", "a3"]) queue.enter("a", item);
    for (const item of ["b1", "b2"]) queue.enter("b", item);
    queue.enter(undefined, "c1");
    const order: string[] = [];
    for (let next = queue.next(); next !== undefined; next = queue.next()) {
      order.push(next.item);
      queue.release(next.owner);
    }
    expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  it("gives nobody more than its share at once", () => {
    const queue = new FairQueue<string>(1);
    for (const item of ["a1", "a2"]) queue.enter("a", item);
    expect(queue.ready).toBe(1);
    expect(queue.next()).toEqual({ owner: "a", item: "a1" });
    expect(queue.ready).toBe(0);
    expect(queue.next()).toBeUndefined();
    queue.enter(undefined, "c1");
    expect(queue.next()?.item).toBe("c1");
    queue.release("a");
    expect(queue.next()?.item).toBe("a2");
  });

  it("forgets who leaves, once", () => {
    const queue = new FairQueue<string>(2);
    const first = queue.enter("a", "a1");
    queue.enter("a", "a2");
    expect(queue.leave(first)).toBe(true);
    expect(queue.leave(first)).toBe(false);
    expect(queue.next()?.item).toBe("a2");
    expect(queue.clear()).toEqual([]);
  });
});

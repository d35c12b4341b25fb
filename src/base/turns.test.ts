import { describe, expect, it } from "vitest";
import { createTurns } from "./turns.ts";

describe("createTurns", () => {
  it("does one thing after the other, and what waits only once", async () => {
    const turns = createTurns();
    const gate = Promise.withResolvers<void>();
    const done: string[] = [];
    const first = turns.take("load", async () => {
      await gate.promise;
      done.push("first");
      return 1;
    });
    await Promise.resolve();
    await Promise.resolve();
    const second = turns.take("load", async () => done.push("second"));
    const shared = turns.take("load", async () => done.push("never"));
    const other = turns.take("look", async () => done.push("look"));
    gate.resolve();
    expect(await first).toBe(1);
    expect(await second).toBe(await shared);
    await other;
    expect(done).toEqual(["first", "second", "look"]);
  });

  it("goes on after a failure", async () => {
    const turns = createTurns();
    const failing = turns.take("a", async () => Promise.reject(new Error("no")));
    const next = turns.take("b", async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });
});

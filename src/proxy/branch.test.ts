import { describe, expect, it } from "vitest";
import { BranchMaker } from "./branch.ts";

describe("BranchMaker", () => {
  it("makes branches of which the next cannot be told from the one before", () => {
    const made = new BranchMaker();
    const tails = Array.from({ length: 2000 }, () => made.next("way").slice(-18, -4));
    expect(new Set(tails).size).toBe(2000);
    for (const tail of tails) expect(tail).toMatch(/^[0-9a-z]{14}$/);
  });

  it("does not give its salt away in the tags of our answers", () => {
    const made = new BranchMaker();
    const salt = made.next("way").slice("z9hG4bK".length, "z9hG4bK".length + 10);
    expect(made.toTag("transaction")).not.toContain(salt);
    expect(made.isOwnTag(made.toTag("transaction"))).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { SharedQuestion } from "./shared-question.ts";

describe("SharedQuestion", () => {
  it("asks once for all who wait, and never for one who asks after it has gone out", async () => {
    const asked: PromiseWithResolvers<number>[] = [];
    const question = new SharedQuestion(async () => {
      const one = Promise.withResolvers<number>();
      asked.push(one);
      return one.promise;
    });
    const early = [question.answer(), question.answer()];
    await Promise.resolve();
    await Promise.resolve();
    expect(asked).toHaveLength(1);
    const late = [question.answer(), question.answer()];
    asked[0]?.resolve(1);
    expect(await Promise.all(early)).toEqual([1, 1]);
    await Promise.resolve();
    await Promise.resolve();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve(2);
    expect(await Promise.all(late)).toEqual([2, 2]);
  });
});

import { describe, expect, it } from "vitest";
import { ordinaryMessages } from "../support/ordinary-messages.ts";
import { parsedBytes } from "../support/parsed-request.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { shippedVerdict } from "../support/shipped-verdict.ts";

const MESSAGES = 10_000;

describe("messages as real clients send them", () => {
  it("are of sixty kinds or more", () => {
    expect(ordinaryMessages().length).toBeGreaterThanOrEqual(60);
  });

  it("pass byte for byte, ten thousand of them, and none is refused for strictness", () => {
    const random = seededRandom(20_240_304);
    const kinds = ordinaryMessages();
    const wrong = new Map<string, number>();
    for (let i = 0; i < MESSAGES; i++) {
      const { name, build } = kinds[i % kinds.length] ?? kinds[0]!;
      const request = build(random);
      const { out, untouched, reason, verdict } = shippedVerdict(request);
      const decoded = request.findName("content-encoding") >= 0;
      const passed = out !== undefined && (untouched || (decoded && verdict.action === "allow"));
      if (passed && shippedVerdict(parsedBytes(out)).untouched) continue;
      const what = `${name}: ${out === undefined ? "refused" : "changed"} ${reason} ${verdict.problem?.detail ?? ""}`;
      wrong.set(what, (wrong.get(what) ?? 0) + 1);
    }
    expect(Object.fromEntries(wrong)).toEqual({});
  });
});

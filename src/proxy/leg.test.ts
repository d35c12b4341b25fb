import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFlowTokens } from "../location/flow-tokens.ts";
import { FlowFace } from "./flow-face.ts";
import { Leg } from "./leg.ts";
import { FakeFlow } from "./proxy-bench.test-data.ts";

const end = { address: "192.0.2.1", port: 5060 };
const face = new FlowFace(
  new FakeFlow("tcp", end, end, false),
  "client",
  "10.0.0.1:5060",
  createFlowTokens(Buffer.alloc(32), "boot"),
);
const ADDRESS = { face, requestUri: "sip:b@192.0.2.1", from: "<sip:a@x>;tag=a", to: "<sip:b@x>" };

function leg(first: number): Leg {
  return new Leg({ callId: "c", fromTag: "a", toTag: "b" }, ADDRESS, first);
}

/** Sends one request of the peer's on, and says what number the client sees. */
function pass(on: Leg, number: number): number {
  const offset = on.offsetOf(number);
  on.passed(number, offset);
  return number + offset;
}

describe("Leg", () => {
  it("changes no number before a request of ours", () => {
    const one = leg(5);
    expect([pass(one, 5), pass(one, 6), pass(one, 9)]).toEqual([5, 6, 9]);
    expect(one.shifted).toBe(false);
  });

  it("shows the client one ascending row, whatever is sent between", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant("ours" as const), fc.integer({ min: 1, max: 5 })), {
          maxLength: 200,
        }),
        (acts) => {
          const one = leg(1);
          const seen = [pass(one, 1)];
          let number = 1;
          for (const act of acts) {
            if (act === "ours") seen.push(one.takeNumber() ?? -1);
            else seen.push(pass(one, (number += act)));
          }
          for (let i = 1; i < seen.length; i += 1) {
            expect(seen[i]).toBeGreaterThan(seen[i - 1] ?? 0);
          }
        },
      ),
    );
  });

  it("gives a number the offset that it had when it first came by", () => {
    const one = leg(1);
    expect(pass(one, 2)).toBe(2);
    one.takeNumber();
    expect(pass(one, 3)).toBe(4);
    one.takeNumber();
    one.takeNumber();
    expect(pass(one, 4)).toBe(7);
    expect([2, 3, 4].map((number) => number + one.offsetOf(number))).toEqual([2, 4, 7]);
  });

  it("has no number left at the end of the range, and makes none beyond it", () => {
    const one = leg(0x7fff_fffd);
    expect(one.takeNumber()).toBe(0x7fff_fffe);
    expect(one.takeNumber()).toBe(0x7fff_ffff);
    expect(one.takeNumber()).toBeUndefined();
    expect(one.offsetOf(0x7fff_fffe)).toBe(0);
  });
});

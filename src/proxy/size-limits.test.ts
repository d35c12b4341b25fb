import { describe, expect, it } from "vitest";
import { answer, bench, request, UPSTREAM } from "./proxy-bench.test-data.ts";

const clientLimits = { maxHeadBytes: 2000, maxHeaderCount: 20, maxBodyBytes: 100 };

const TOO_LARGE = [
  ["a head", { extra: [`X-Long: ${"x".repeat(2000)}`] }, "513 Message Too Large"],
  [
    "a number of fields",
    { extra: Array.from({ length: 20 }, (_, i) => `X-${i}: 1`) },
    "400 Too Many Header Fields",
  ],
  ["a body", { body: "x".repeat(101) }, "413 Request Entity Too Large"],
] as const;

describe("the limits for clients", () => {
  it.each(TOO_LARGE)("refuse %s that is too large, and the connection stays", (_, given, words) => {
    const { alice, send, asked } = bench({ options: { clientLimits } });
    send(alice, request("MESSAGE", given));
    expect(alice.takenLines()).toEqual([`SIP/2.0 ${words}`]);
    expect([alice.open, asked]).toEqual([true, []]);
  });

  it.each(TOO_LARGE)("leave room for what servers add: %s from there passes", (_, given) => {
    const { asked, network, send } = bench({
      options: { clientLimits, isServerSide: (address) => address === UPSTREAM.address },
    });
    send(network.peer("tcp", `${UPSTREAM.address}:33001`, 5061), request("MESSAGE", given));
    expect(asked).toHaveLength(1);
  });

  it("drop a client's answer that is too large", () => {
    const { alice, network, send } = bench({
      options: { clientLimits, upstream: "embedded" },
    });
    const bob = network.peer("tcp", "192.0.2.20:40002");
    const extra = ["Contact: <sip:bob@192.0.2.20>"];
    send(bob, request("REGISTER", { to: "<sip:bob@example.com>", extra }));
    bob.taken();
    send(alice, request("MESSAGE"));
    const asked = bob.request();
    send(bob, answer(asked, 200, [`X-Long: ${"x".repeat(2000)}`]));
    expect(alice.taken()).toEqual([]);
    send(bob, answer(asked, 200));
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });
});

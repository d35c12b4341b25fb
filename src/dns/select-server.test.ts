import { describe, expect, it } from "vitest";
import { firstStep, isUnresolvable, naptrSteps, orderSrv } from "./select-server.ts";

const name = (host: string, port?: number, transport?: "udp" | "tcp") => ({
  host,
  port,
  transport,
});

describe("firstStep", () => {
  it.each([
    ["a literal address", name("10.0.0.5"), { kind: "literal", transport: "udp", port: 5060 }],
    [
      "a literal address with all",
      name("fd00::5", 5070, "tcp"),
      { kind: "literal", transport: "tcp", port: 5070 },
    ],
    [
      "a port: addresses alone",
      name("a.example", 5070),
      { kind: "addresses", transport: "udp", port: 5070 },
    ],
    [
      "a transport: its SRV alone",
      name("a.example", undefined, "tcp"),
      { kind: "srv", transport: "tcp", name: "_sip._tcp.a.example" },
    ],
    ["neither: NAPTR", name("a.example"), { kind: "naptr" }],
  ])("begins, with %s", (_what, given, step) => {
    expect(firstStep(given)).toEqual(step);
  });
});

describe("naptrSteps", () => {
  const record = (order: number, preference: number, service: string, flags = "s") => ({
    order,
    preference,
    service,
    flags,
    replacement: `${service}.example`,
  });

  it("goes by order, then preference, and passes over what we do not speak", () => {
    const records = [
      record(20, 1, "SIP+D2U"),
      record(10, 9, "sip+d2t"),
      record(10, 1, "SIPS+D2T"),
      record(10, 2, "SIP+D2U", "u"),
      record(10, 3, "E2U+sip"),
    ];
    expect(naptrSteps(records)).toEqual([
      { kind: "srv", transport: "tcp", name: "sip+d2t.example" },
      { kind: "srv", transport: "udp", name: "SIP+D2U.example" },
    ]);
  });
});

describe("orderSrv", () => {
  const srv = (target: string, priority: number, weight: number) => ({
    name: target,
    priority,
    weight,
    port: 5060,
  });

  it("puts lower priorities first whatever their weight", () => {
    const records = [srv("b", 20, 100), srv("a", 10, 0)];
    expect(orderSrv(records, () => 0.99).map((one) => one.name)).toEqual(["a", "b"]);
  });

  it("draws by weight within one priority", () => {
    const records = [srv("light", 1, 10), srv("heavy", 1, 90)];
    const firsts = { light: 0, heavy: 0 };
    for (let i = 0; i < 100; i += 1) {
      const [first] = orderSrv(records, () => i / 100);
      firsts[first?.name as "light" | "heavy"] += 1;
    }
    expect(firsts).toEqual({ light: 10, heavy: 90 });
  });

  it("gives every record once, those without weight too, and none that cannot be reached", () => {
    const records = [
      srv("a", 1, 0),
      srv("b", 1, 0),
      srv(".", 1, 0),
      { ...srv("c", 1, 5), port: 0 },
    ];
    expect(orderSrv(records, () => 0.5).map((one) => one.name)).toEqual(["a", "b"]);
  });
});

describe("isUnresolvable", () => {
  it.each(["x7h2.invalid", "INVALID", "a.invalid.", "localhost", "a.localhost"])("%s", (host) => {
    expect(isUnresolvable(host)).toBe(true);
  });

  it.each(["invalid.example", "notinvalid", "localhost.example"])("is not %s", (host) => {
    expect(isUnresolvable(host)).toBe(false);
  });
});

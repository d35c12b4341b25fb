import { describe, expect, it } from "vitest";
import {
  firstStep,
  isUnresolvable,
  naptrSteps,
  orderSrv,
  srvSteps,
  withoutSrv,
  type SipTransport,
} from "./select-server.ts";

const name = (host: string, port?: number, transport?: SipTransport) => ({
  host,
  port,
  transport,
  secure: false,
});
const sips = (...given: Parameters<typeof name>) => ({ ...name(...given), secure: true });

const ANY = (): boolean => true;
const CLEAR = (transport: SipTransport): boolean => transport !== "tls";
const TLS = (transport: SipTransport): boolean => transport === "tls";

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
    [
      "TLS: its SRV alone",
      name("a.example", undefined, "tls"),
      { kind: "srv", transport: "tls", name: "_sips._tcp.a.example" },
    ],
    ["a sips: address", sips("10.0.0.5"), { kind: "literal", transport: "tls", port: 5061 }],
    [
      "sips: and a port",
      sips("a.example", 5070),
      { kind: "addresses", transport: "tls", port: 5070 },
    ],
    [
      "sips: and TCP, which is TLS (RFC 3261 §26.2.2)",
      sips("a.example", undefined, "tcp"),
      { kind: "srv", transport: "tls", name: "_sips._tcp.a.example" },
    ],
    ["sips: alone", sips("a.example"), { kind: "naptr" }],
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

  const RECORDS = [
    record(20, 1, "SIP+D2U"),
    record(10, 9, "sip+d2t"),
    record(10, 1, "SIPS+D2T"),
    record(10, 2, "SIP+D2U", "u"),
    record(10, 3, "E2U+sip"),
    record(1, 1, "SIPS+D2W"),
    record(1, 1, "SIP+D2W"),
    record(1, 1, "SIPS+D2S"),
    record(1, 1, "SIPS+D2U"),
  ];
  const TLS_STEP = { kind: "srv", transport: "tls", name: "SIPS+D2T.example" };
  const TCP_STEP = { kind: "srv", transport: "tcp", name: "sip+d2t.example" };
  const UDP_STEP = { kind: "srv", transport: "udp", name: "SIP+D2U.example" };

  it.each([
    [
      "goes by order, then preference, and passes over what we do not speak",
      ANY,
      [TLS_STEP, TCP_STEP, UDP_STEP],
    ],
    ["leaves TLS out where there is none", CLEAR, [TCP_STEP, UDP_STEP]],
    ["leads to nothing but TLS where it must be secure", TLS, [TLS_STEP]],
  ])("%s", (_what, mayUse, steps) => {
    expect(naptrSteps(RECORDS, mayUse)).toEqual(steps);
  });

  it("takes the order for what it is, though TLS come last", () => {
    const records = [record(2, 1, "SIPS+D2T"), record(1, 1, "SIP+D2T")];
    expect(naptrSteps(records, ANY).map(({ transport }) => transport)).toEqual(["tcp", "tls"]);
  });
});

describe("srvSteps", () => {
  it.each([
    ["TLS first", ANY, ["_sips._tcp.a.example", "_sip._udp.a.example", "_sip._tcp.a.example"]],
    ["no TLS", CLEAR, ["_sip._udp.a.example", "_sip._tcp.a.example"]],
    ["TLS alone", TLS, ["_sips._tcp.a.example"]],
  ])("asks for %s", (_what, mayUse, names) => {
    expect(srvSteps("a.example", mayUse).map((step) => step.name)).toEqual(names);
  });
});

describe("withoutSrv", () => {
  it.each([
    [name("a.example"), "udp", 5060],
    [name("a.example", undefined, "tcp"), "tcp", 5060],
    [name("a.example", undefined, "tls"), "tls", 5061],
    [sips("a.example"), "tls", 5061],
  ] as const)("goes to the usual port", (given, transport, port) => {
    expect(withoutSrv(given)).toEqual({ kind: "addresses", transport, port });
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

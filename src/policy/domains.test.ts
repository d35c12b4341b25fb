import { describe, expect, it } from "vitest";
import { createDomains } from "./domains.ts";

const domains = createDomains(["corp.example", "example.test"], ["10.0.0.5", "sip.corp.example"]);

describe("createDomains", () => {
  it.each([
    ["corp.example", "example.test", "internal"],
    ["corp.example", "elsewhere.org", "outbound"],
    ["elsewhere.org", "corp.example", "inbound"],
    ["elsewhere.org", "another.net", "transit"],
    ["elsewhere.org", "sub.corp.example", "transit"],
    ["elsewhere.org", "Corp.Example", "inbound"],
  ])("from %s to %s is %s", (from, to, direction) => {
    expect(domains.directionOf(from, to)).toBe(direction);
  });

  it.each(["corp.example.", "10.0.0.5", "sip.corp.example"])(
    "sees through %s, which the server takes for itself",
    (to) => {
      expect(domains.directionOf("elsewhere.org", to)).toBe("inbound");
    },
  );

  it.each([
    ["corp.example", true],
    ["CORP.example.", true],
    ["10.0.0.5", false],
    ["elsewhere.org", false],
  ])("knows whether %s could own an address of record: %s", (host, ours) => {
    expect(domains.isOurs(host)).toBe(ours);
  });

  it.each([
    ["some.name", true],
    ["192.0.2.20", false],
    ["[2001:db8::1]", false],
  ])("takes every name for ours while none is configured, but no machine: %s", (host, ours) => {
    const none = createDomains([]);
    expect(none.isOurs(host)).toBe(ours);
    expect(none.directionOf("elsewhere.org", host)).toBe("internal");
  });
});

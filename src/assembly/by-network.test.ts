import { describe, expect, it } from "vitest";
import type { TransferSecurityEntry } from "../config/config.ts";
import { byNetwork } from "./by-network.ts";

function levelBy(entries: readonly TransferSecurityEntry[]) {
  return byNetwork(entries, (entry) => entry.level, "as_sip");
}

describe("byNetwork", () => {
  it("gives what holds otherwise where nothing is written", () => {
    expect(levelBy([])("192.0.2.1")).toBe("as_sip");
  });

  it("gives the first entry that the address lies in, and what holds otherwise where there is none", () => {
    const securityOf = levelBy([
      { net: "10.1.0.0/16", level: "any" },
      { net: "10.0.0.0/8", level: "high" },
      { net: "fd00::/8", level: "encrypted" },
    ]);
    const asked = [
      "10.1.2.3",
      "::ffff:10.1.2.3",
      "10.2.0.1",
      "fd00::1",
      "192.0.2.1",
      "nonsense",
      undefined,
    ];
    const levels = ["any", "any", "high", "encrypted", "as_sip", "as_sip", "as_sip"];
    expect(asked.map(securityOf)).toEqual(levels);
  });

  it("is the same for everybody where one word is written", () => {
    const securityOf = levelBy([{ net: undefined, level: "high" }]);
    expect([securityOf("192.0.2.1"), securityOf("::1")]).toEqual(["high", "high"]);
  });
});

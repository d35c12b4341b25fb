import { describe, expect, it } from "vitest";
import { createTransferSecurity } from "./transfer-security.ts";

describe("createTransferSecurity", () => {
  it("is as_sip for everybody where nothing is written", () => {
    expect(createTransferSecurity([])("192.0.2.1")).toBe("as_sip");
  });

  it("gives the first entry that the address lies in, and as_sip where none is", () => {
    const securityOf = createTransferSecurity([
      { net: "10.1.0.0/16", level: "any" },
      { net: "10.0.0.0/8", level: "high" },
      { net: "fd00::/8", level: "encrypted" },
    ]);
    const asked = ["10.1.2.3", "::ffff:10.1.2.3", "10.2.0.1", "fd00::1", "192.0.2.1", "nonsense"];
    const levels = ["any", "any", "high", "encrypted", "as_sip", "as_sip"];
    expect(asked.map(securityOf)).toEqual(levels);
  });

  it("is the same for everybody where one word is written", () => {
    const securityOf = createTransferSecurity([{ net: undefined, level: "high" }]);
    expect([securityOf("192.0.2.1"), securityOf("::1")]).toEqual(["high", "high"]);
  });
});

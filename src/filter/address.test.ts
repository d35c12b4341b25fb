import { describe, expect, it } from "vitest";
import { readAddress } from "./address.ts";

describe("readAddress", () => {
  it.each([
    ["sip:%62ob@example.test", "sip:bob@example.test"],
    ["sip:%2b4930@example.test", "sip:+4930@example.test"],
    ["sip:b%c3%b6b@example.test", "sip:b%C3%B6b@example.test"],
    ["sip:bob%40x@example.test", "sip:bob%40x@example.test"],
    ["sip:bob%3bx%3fy%25@example.test", "sip:bob%3Bx%3Fy%25@example.test"],
    ["SIP:bob:secret@Example.Test.:5070;x=y", "sip:bob@example.test"],
    ["sip:example.test.", "sip:example.test"],
  ])("reads %s as %s", (uri, aor) => {
    expect(readAddress(uri).aor).toBe(aor);
    expect(readAddress(uri)).toEqual(readAddress(aor));
    expect(readAddress(uri).domain).toBe("example.test");
  });

  it("leaves what is no SIP URI as it is", () => {
    expect(readAddress("tel:+1")).toEqual({ aor: "tel:+1", user: "", domain: "" });
  });
});

import { describe, expect, it } from "vitest";
import { parsedRequest } from "../../../test/support/parsed-request.ts";
import { isBehindNat } from "./behind-nat.ts";

function request(via: string, contact?: string): ReturnType<typeof parsedRequest> {
  return parsedRequest([
    "REGISTER sip:example.com SIP/2.0",
    `Via: SIP/2.0/TCP ${via};branch=z9hG4bK1`,
    "From: <sip:bob@example.com>;tag=1",
    "To: <sip:bob@example.com>",
    "Call-ID: c",
    "CSeq: 1 REGISTER",
    ...(contact === undefined ? [] : [`Contact: ${contact}`]),
  ]);
}

describe("isBehindNat", () => {
  it.each([
    ["a private address in Via", "192.168.1.10:5060", undefined],
    ["another address in Via, though private is neither", "198.51.100.1", undefined],
    [
      "a private address in Contact alone",
      "203.0.113.7:5060",
      '"Bob" <sip:bob@192.168.1.10:5060;transport=tcp>;proxy=replace',
    ],
    ["one in the first of two", "203.0.113.7", "<sip:bob@10.0.0.1>, <sip:bob@203.0.113.7>"],
  ])("is true for %s", (_, via, contact) => {
    expect(isBehindNat(request(via, contact), "203.0.113.7")).toBe(true);
  });

  it.each([
    ["its own address in both", "203.0.113.7:4000", "<sip:bob@203.0.113.7:5060>"],
    ["host names, which say nothing", "pc17.example.com", "<sip:bob@df7jal23ls0d.invalid>"],
    ["a Contact of all", "203.0.113.7", "*"],
    ["a Contact that is no SIP URI", "203.0.113.7", "<tel:+1201555>"],
  ])("is false for %s", (_, via, contact) => {
    expect(isBehindNat(request(via, contact), "203.0.113.7")).toBe(false);
  });

  it("knows an IPv4 address that a listener on [::] has seen", () => {
    const own = request("203.0.113.7", "<sip:bob@203.0.113.7>");
    expect(isBehindNat(own, "::ffff:203.0.113.7")).toBe(false);
    expect(isBehindNat(request("192.168.1.10"), "::ffff:203.0.113.7")).toBe(true);
  });
});

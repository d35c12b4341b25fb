import { describe, expect, it } from "vitest";
import { readAltNames } from "./alt-names.ts";

describe("readAltNames", () => {
  it("reads hosts, addresses and URIs, in lower case", () => {
    const text =
      "DNS:A.example, DNS:*.b.example, URI:sip:a.example, IP Address:127.0.0.1, email:x@y";
    expect(readAltNames(text)).toEqual({
      dns: ["a.example", "*.b.example"],
      uri: ["sip:a.example"],
      ip: ["127.0.0.1"],
    });
  });

  it("finds no name that hides in another one", () => {
    const text = String.raw`URI:"sip:x, DNS:evil.example", email:"a\", DNS:evil.example", DNS:b.example`;
    expect(readAltNames(text)).toEqual({ dns: ["b.example"], uri: [], ip: [] });
  });

  it("believes nothing behind what it cannot read", () => {
    expect(readAltNames('URI:sip:x" y, DNS:evil.example').dns).toEqual([]);
    expect(readAltNames(undefined)).toEqual({ dns: [], uri: [], ip: [] });
  });
});

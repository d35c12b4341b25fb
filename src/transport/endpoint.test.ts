import { describe, expect, it } from "vitest";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";

describe("parseEndpoint", () => {
  it.each([
    { address: "192.0.2.1", port: 5060 },
    { address: "2001:db8::1", port: 65_535 },
    { address: "fe80::1%eth0", port: 1 },
  ])("reads back $address", (endpoint) => {
    expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint);
  });

  it.each(["", "192.0.2.1", "[::1]", "::1:5060", "[]:1", "host:port"])("refuses %j", (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import { ConnectionQuota } from "./connection-quota.ts";
import { DEFAULT_TRANSPORT_LIMITS } from "./transport-limits.ts";

describe("ConnectionQuota", () => {
  it("counts an IPv6 /64 as one peer, and a mapped address as its IPv4 address", () => {
    const quota = new ConnectionQuota({ ...DEFAULT_TRANSPORT_LIMITS, connectionsPerAddress: 1 });
    expect(quota.admit("2001:db8:1:2::1")).toBeDefined();
    expect(quota.admit("2001:db8:1:2:ffff::2")).toBeUndefined();
    expect(quota.admit("2001:db8:1:3::1")).toBeDefined();
    expect(quota.admit("192.0.2.1")).toBeDefined();
    expect(quota.admit("::ffff:192.0.2.1")).toBeUndefined();
  });

  it("gives a place back", () => {
    const quota = new ConnectionQuota({ ...DEFAULT_TRANSPORT_LIMITS, connections: 1 });
    const release = quota.admit("192.0.2.1");
    expect(quota.admit("192.0.2.2")).toBeUndefined();
    release?.();
    expect(quota.admit("192.0.2.2")).toBeDefined();
  });
});

import { describe, expect, it } from "vitest";
import { createMediaHost } from "./media-host.ts";

const WILDCARD = { listenAddress: "0.0.0.0", upstreamAddress: "127.0.0.1" };

describe("createMediaHost", () => {
  it("names the address from which the peer is reached", () => {
    expect(createMediaHost([], WILDCARD)("127.0.0.5")).toBe("127.0.0.1");
  });

  it("takes the first entry of advertise.media whose network holds the peer", () => {
    const host = createMediaHost(
      [
        { net: "10.0.0.0/8", sip: undefined, media: "10.0.0.2" },
        { net: undefined, sip: undefined, media: "198.51.100.7" },
      ],
      WILDCARD,
    );
    expect(host("10.1.2.3")).toBe("10.0.0.2");
    expect(host("203.0.113.9")).toBe("198.51.100.7");
    expect(host(undefined)).toBe("198.51.100.7");
  });

  it("takes the way to the upstream for a peer on its side", () => {
    expect(createMediaHost([], WILDCARD)(undefined)).toBe("127.0.0.1");
  });

  it("never names a loopback address by default: nobody else could dial it", () => {
    const host = createMediaHost([], { listenAddress: "0.0.0.0", upstreamAddress: undefined });
    expect(host(undefined)).toBeUndefined();
  });

  it.each(["::1", "2001:db8::1"])("has none for a peer of IPv6 (%s)", (peer) => {
    expect(createMediaHost([], WILDCARD)(peer)).toBeUndefined();
  });

  it("names no address of IPv6, and no name", () => {
    const named = (media: string) =>
      createMediaHost([{ net: undefined, sip: undefined, media }], WILDCARD)("127.0.0.5");
    expect(named("2001:db8::7")).toBeUndefined();
    expect(named("sluice.example.com")).toBeUndefined();
  });
});

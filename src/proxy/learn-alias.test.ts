import { describe, expect, it } from "vitest";
import type { TransportName } from "../transport/flow.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import { bench, request, UPSTREAM, values } from "./proxy-bench.test-data.ts";

/** What a request with that Via offers, when it comes from 10.9.0.5:40000 by that transport. */
function offeredBy(via: string, transport: TransportName = "tls") {
  const b = bench();
  const peer = b.network.peer(transport, "10.9.0.5:40000", 5061);
  b.send(peer, request("OPTIONS", { via }));
  return b.network.offered.map(([flow, port]) => ({ isPeer: flow === peer, port }));
}

describe("learnAlias (RFC 5923)", () => {
  it.each([
    ["SIP/2.0/TLS 10.9.0.5:5071;alias", "tls", 5071],
    ["SIP/2.0/TLS sip.example.com;alias", "tls", 5061],
    ["SIP/2.0/tls sip.example.com:5062;rport;alias", "tls", 5062],
    ["SIP/2.0/TCP 10.9.0.5;alias", "tcp", 5060],
  ] as const)("takes the port of the sent-by: %s", (via, transport, port) => {
    expect(offeredBy(via, transport)).toEqual([{ isPeer: true, port }]);
  });

  it.each([
    ["no alias", "SIP/2.0/TLS 10.9.0.5:5071", "tls"],
    ["the address of somebody else", "SIP/2.0/TLS 10.9.0.6:5071;alias", "tls"],
    ["an IPv6 address of somebody else", "SIP/2.0/TLS [2001:db8::6]:5071;alias", "tls"],
    ["the address of somebody else by TCP", "SIP/2.0/TCP 10.9.0.6:5070;alias", "tcp"],
    ["another transport than its own", "SIP/2.0/TLS 10.9.0.5:5071;alias", "tcp"],
    ["TCP over TLS", "SIP/2.0/TCP 10.9.0.5:5071;alias", "tls"],
    ["UDP", "SIP/2.0/UDP 10.9.0.5:5071;alias", "udp"],
    ["a WebSocket", "SIP/2.0/WS 10.9.0.5:5071;alias", "ws"],
    ["a secure WebSocket", "SIP/2.0/WSS 10.9.0.5:5071;alias", "wss"],
  ] as const)("takes nothing from a Via with %s", (_what, via, transport) => {
    expect(offeredBy(via, transport)).toEqual([]);
  });

  it("takes nothing from the Via of somebody further away", () => {
    const extra = ["Via: SIP/2.0/TLS 10.9.0.5:5071;alias;branch=z9hG4bKx"];
    const b = bench();
    const peer = b.network.peer("tls", "10.9.0.5:40000", 5061);
    b.send(peer, request("OPTIONS", { via: "SIP/2.0/TLS 10.9.0.5:40000", extra }));
    expect(b.network.offered).toEqual([]);
  });

  it("takes nothing on a connection that we have opened", () => {
    const b = bench();
    b.send(b.alice, request("MESSAGE"));
    b.send(b.upstream(), request("OPTIONS", { via: "SIP/2.0/TCP 10.9.0.5:5070;alias" }));
    expect(b.network.offered).toEqual([]);
  });
});

describe("our own Via", () => {
  it.each([
    ["tls", /^SIP\/2\.0\/TLS [\d.:]+;alias;branch=z9hG4bK\S+$/],
    ["tcp", /^SIP\/2\.0\/TCP [\d.:]+;branch=z9hG4bK\S+$/],
    ["udp", /^SIP\/2\.0\/UDP [\d.:]+;branch=z9hG4bK\S+$/],
  ] as const)(
    "offers a connection that we have opened, by TLS alone: %s",
    (transport, expected) => {
      const b = bench({ transport });
      b.send(b.alice, request("MESSAGE"));
      const got = b.network.to(UPSTREAM, transport).request();
      expect(values(got, HeaderId.Via)[0]).toMatch(expected);
    },
  );

  it("offers no connection that the peer has opened", () => {
    const tls = { transport: "tls", address: "10.0.0.1" } as const;
    const options = {
      upstream: [{ transport: "tls", remote: UPSTREAM, host: "sip.example.com" }] as const,
      clientListeners: [{ ...tls, port: 5443 }],
      serverListeners: [{ ...tls, port: 5063 }],
    };
    const b = bench({ transport: "tls", options });
    const theirs = b.network.peer("tls", "10.9.0.5:40000", 5063);
    // As the transport does where the server's connection may be used.
    b.network.connect = () => theirs;
    b.send(b.alice, request("MESSAGE"));
    const [via] = values(theirs.request(), HeaderId.Via);
    expect(via).toMatch(/^SIP\/2\.0\/TLS 10\.0\.0\.1:5063;branch=/);
  });
});

import { describe, expect, it } from "vitest";
import { createFlowTokens } from "../location/flow-tokens.ts";
import type { Flow, TransportName } from "../transport/flow.ts";
import { FlowFaces } from "./flow-face.ts";
import type { ProxyOptions } from "./proxy-options.ts";

const OPTIONS: ProxyOptions = {
  clientListeners: [
    { transport: "udp", address: "0.0.0.0", port: 5060 },
    { transport: "tcp", address: "10.0.0.1", port: 5060 },
  ],
  serverListeners: [
    { transport: "udp", address: "10.0.0.1", port: 5061 },
    { transport: "tcp", address: "10.0.0.1", port: 5062 },
  ],
  ownHosts: ["GW.example.com", "[2001:db8::5]"],
  advertisedHost: (local, peer) => (peer.startsWith("198.") ? "sip.example.com" : local.address),
  upstream: [{ transport: "tcp", remote: { address: "10.9.0.5", port: 5070 }, host: "k" }],
  isServerSide: (address) => address === "10.9.0.99",
  isTrusted: () => false,
  path: "always",
  answerWithinMs: 20_000,
  onFailure: "block",
  inFlight: 10,
};

function faces(): FlowFaces {
  return new FlowFaces(OPTIONS, createFlowTokens(Buffer.alloc(32), "boot"));
}

function flow(transport: TransportName, localPort: number, remote: string, outgoing = false): Flow {
  const [address = "", port] = remote.split(":");
  return {
    id: `${transport}/${remote}`,
    transport,
    reliable: transport === "tcp",
    encrypted: false,
    local: { address: "10.0.0.1", port: localPort },
    remote: { address, port: Number(port) },
    outgoing,
    open: true,
    congested: false,
    send: () => true,
    close: () => undefined,
  };
}

describe("FlowFaces", () => {
  it.each([
    [
      "a connection that we opened to an upstream",
      flow("tcp", 41_000, "10.9.0.5:5070", true),
      "server",
    ],
    [
      "a connection that we opened to anybody else",
      flow("tcp", 41_000, "192.0.2.1:5070", true),
      "client",
    ],
    ["an upstream at upstream_from", flow("udp", 5061, "10.9.0.5:33333"), "server"],
    ["an address of server_side at upstream_from", flow("tcp", 5062, "10.9.0.99:9"), "server"],
    ["anybody else at upstream_from", flow("udp", 5061, "192.0.2.1:5060"), "client"],
    ["an address of server_side at any listener", flow("udp", 5060, "10.9.0.99:5060"), "server"],
    ["the upstream's address at a client listener", flow("tcp", 5060, "10.9.0.5:33333"), "client"],
    [
      "the port of upstream_from on another transport",
      flow("tcp", 5061, "10.9.0.5:5060"),
      "client",
    ],
  ])("knows the side of %s", (_what, given, side) => {
    expect(faces().of(given).side).toBe(side);
  });

  it("shows the listener, not the port of an outgoing connection", () => {
    expect(faces().of(flow("tcp", 41_000, "10.9.0.5:5070", true)).sentBy).toBe("10.0.0.1:5062");
    expect(faces().of(flow("udp", 5060, "192.0.2.1:5060")).sentBy).toBe("10.0.0.1:5060");
  });

  it("advertises what is configured for the peer, and knows it again", () => {
    const known = faces();
    expect(known.isOwn("sip.example.com", 5060)).toBe(false);
    expect(known.of(flow("tcp", 5060, "198.51.100.1:9")).sentBy).toBe("sip.example.com:5060");
    expect(known.isOwn("SIP.example.com", undefined)).toBe(true);
  });

  it("recognises every own address with a port of a listener, and no other", () => {
    const known = faces();
    expect(known.isOwn("gw.example.com", undefined)).toBe(true);
    expect(known.isOwn("[2001:DB8::5]", 5062)).toBe(true);
    expect(known.isOwn("10.0.0.1", 5061)).toBe(true);
    expect(known.isOwn("10.0.0.1", 5999)).toBe(false);
    expect(known.isOwn("10.0.0.2", 5060)).toBe(false);
    expect(known.isOwn("0.0.0.0", 5060)).toBe(false);
  });

  it("puts a sealed token into entries that face clients, none into those that face the server, a proof into both", () => {
    const known = faces();
    const client = known.of(flow("tcp", 5060, "192.0.2.1:5060")).recordRoute("own", "call-1");
    expect(client).toMatch(
      /^Record-Route: <sip:[\w-]{20,}\.[\w-]{16}@10\.0\.0\.1:5060;transport=tcp;lr;sluice=own>\r\n$/,
    );
    const server = known.of(flow("udp", 5061, "10.9.0.5:5070")).recordRoute("pass", "call-1");
    expect(server).toMatch(
      /^Record-Route: <sip:\.[\w-]{16}@10\.0\.0\.1:5061;transport=udp;lr;sluice=pass>\r\n$/,
    );
  });
});
